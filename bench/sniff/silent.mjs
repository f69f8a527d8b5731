import { execSync } from 'node:child_process';
import { setTimeout as elapsed } from 'node:timers/promises';
import { summary } from '../lib/statistics.mjs';
import { Child, LOAD_CORE, SERVER_CORE } from '../lib/child.mjs';

// Files that the processes have open besides.
const RESERVE = 200;
const WARM_UP = 500;

/** As many as wanted, or as the system lets one process open. */
function affordable(wanted) {
  const limit = Number(execSync('ulimit -n', { shell: '/bin/sh', encoding: 'utf8' }));
  return Number.isNaN(limit) ? wanted : Math.min(wanted, limit - RESERVE);
}

/** Connections that never send a byte: what they cost while they wait, and what is left of them after the deadline. */
export async function measureSilent({ wanted, wantedConnections, openingSeconds, windowSeconds, progress }) {
  const connections = affordable(wantedConnections);
  const timeoutMs = (openingSeconds + windowSeconds) * 1000;
  const server = await Child.startScript(SERVER_CORE, 'sniff/servers/silent.mjs', String(timeoutMs));
  // By the second: a collection of garbage, which V8 makes when a process falls idle, is one second's and not all of theirs.
  const window = async () => {
    const seconds = [];
    let before = await server.ask('cpu');
    for (let i = 0; i < windowSeconds; i++) {
      await elapsed(1000);
      const after = await server.ask('cpu');
      seconds.push(after.cpuMicros - before.cpuMicros);
      before = after;
    }
    return summary(seconds);
  };

  // Code compiled and pools filled by the first connections are not the cost of those to come.
  const earlier = await Child.startScript(LOAD_CORE, 'sniff/clients/silent.mjs', String(server.ready.port));
  await earlier.ask('open', WARM_UP);
  await earlier.stop();
  await elapsed(500);
  const idle = { cpuMicros: await window(), ...(await server.ask('memory')) };
  progress(`idle: ${idle.cpuMicros.median} us of CPU a second`);

  const clients = await Child.startScript(LOAD_CORE, 'sniff/clients/silent.mjs', String(server.ready.port));
  await clients.ask('open', connections);
  await elapsed(500);
  const { undecided } = await server.ask('counters');
  const held = { ...(await server.ask('memory')), cpuMicros: await window(), undecided };
  progress(`with ${undecided} connections: ${held.cpuMicros.median} us of CPU a second`);

  await elapsed(openingSeconds * 1000);
  const ended = await clients.ask('ended');
  const { undecided: left } = await server.ask('counters');
  const after = { ...(await server.ask('memory')), ...ended, undecided: left };
  progress(`after the deadline: ${ended.closed} closed, ${left} undecided`);
  await clients.stop();
  await server.stop();
  return {
    connections,
    windowSeconds,
    idle,
    held,
    after,
    heapBytesEach: (held.heapUsed - idle.heapUsed) / connections,
    wanted,
  };
}
