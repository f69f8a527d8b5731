// npm run soak [-- --minutes N] [--seed N]: random traffic over sessions of all protocols, with rxmux and with processes of Go at
// the other end. Connections are killed, streams reset, half-closed and left, sessions go away, readers are slow. The SHA-256 of
// every stream is compared; each minute, and at the end, everything has to be as it was. docs/performance.md tells more.
//
// npm run soak:mixed: HTTP/1, HTTP/2, gRPC, WebSocket and sessions through one port, in the clear and over TLS, from processes
// that cut their connections by FIN and RST and are killed.
import { setTimeout as elapsed } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { table } from './lib/report.mjs';
import { goPeers } from './soak/go-peers.mjs';
import { mixed } from './soak/mixed.mjs';
import { Random } from './soak/random.mjs';
import { sessions } from './soak/sessions.mjs';
import { backTo, baseline, leftBehind } from './soak/state.mjs';
import { World } from './soak/world.mjs';

const WARM_UP_SECONDS = 5;
const CYCLE_SECONDS = 60;
// On a busy machine all takes longer: what counts is that something goes on.
const QUIET_MS = 60_000;
const END_MS = 600_000;
const POLL_MS = 1000;

const {
  minutes,
  seed,
  mixed: isMixed,
} = parseArgs({
  options: {
    minutes: { type: 'string', default: '10' },
    mixed: { type: 'boolean', default: false },
    seed: { type: 'string', default: String(Date.now() % 2 ** 32) },
  },
}).values;
if (globalThis.gc === undefined) throw new Error('run it as `npm run soak`, or with --expose-gc');
const total = Number(minutes) * 60;
if (!(total > 0) || !/^\d+$/.test(seed)) throw new Error('--minutes and --seed are numbers above 0');

const say = (line) => process.stderr.write(`${line}\n`);
const random = new Random(Number(seed));
const world = new World();
process.on('uncaughtException', (error) => world.fault(`thrown: ${error.stack}`));
process.on('unhandledRejection', (error) => world.fault(`rejected: ${error?.stack ?? error}`));

/** Random traffic for a while, then an end that lets everything finish. False when it doesn't. */
async function cycle(traffic, seconds) {
  const stopping = new AbortController();
  world.stop = stopping.signal;
  const running = traffic.flatMap((run) => run());
  await elapsed(seconds * 1000);
  stopping.abort();
  let isDone = false;
  const all = Promise.all([...running, world.done()]).then(() => (isDone = true));
  const began = performance.now();
  let { progress } = world;
  let changed = began;
  while (!isDone) {
    await Promise.race([all, elapsed(POLL_MS)]);
    const now = performance.now();
    if (world.progress !== progress) [progress, changed] = [world.progress, now];
    if (now - changed > QUIET_MS || now - began > END_MS) break;
  }
  if (!isDone) world.reportStuck();
  world.forgetLanes();
  return isDone;
}

const mebibytes = (bytes) => `${(bytes / 2 ** 20).toFixed(1)} MiB`;
say(`seed ${seed}`);
const kinds = isMixed ? [mixed] : [sessions, goPeers];
const traffic = await Promise.all(kinds.map((kind) => kind(world, random)));
let isEnded = await cycle(traffic, WARM_UP_SECONDS);
const before = await baseline(world);
const states = [];
for (let left = total; left > 0 && isEnded; left -= CYCLE_SECONDS) {
  isEnded = await cycle(traffic, Math.min(left, CYCLE_SECONDS));
  const now = await backTo(before, world);
  states.push(now);
  for (const text of now.differences) world.fault(`after ${states.length} cycles: ${text}`);
  if (now.differences.length > 0) for (const text of leftBehind(world)) say(`left behind: ${text}`);
  const { faults = 0, bytes = 0, 'bytes from Go': fromGo = 0 } = world.counts;
  say(
    `${mebibytes(bytes + fromGo)} compared, heap ${mebibytes(now.heapUsed)}, external ${mebibytes(now.external)}, ${faults} faults`,
  );
}

const isGood = world.faults.length === 0;
const counted = Object.entries(world.counts).sort(([a], [b]) => (a < b ? -1 : 1));
process.stdout.write(
  `${JSON.stringify({ seed: Number(seed), minutes: Number(minutes), isGood, counts: world.counts, before, states, faults: world.faults })}\n`,
);
process.stdout.write(
  `\n${table(
    ['what', 'how often'],
    counted.map(([name, count]) => [name, count.toLocaleString('en')]),
  )}\n`,
);
const columns = ['heapUsed', 'external', 'rss'];
process.stdout.write(
  `\n${table(
    ['', 'heap', 'external', 'RSS', 'handles and timers', 'sessions held', 'budget, bytes'],
    [before, ...states].map((one, i) => [
      i === 0 ? 'before' : `after cycle ${i}`,
      ...columns.map((name) => mebibytes(one[name])),
      Object.entries(one.handles)
        .map(([name, count]) => `${count} ${name}`)
        .join(', '),
      one.sessions,
      one.budgetBytes,
    ]),
  )}\n`,
);
say(isGood ? 'all is as it was' : `not good; seed ${seed}`);
process.exit(isGood ? 0 : 1);
