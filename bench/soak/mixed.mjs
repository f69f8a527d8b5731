import { fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { setTimeout as elapsed } from 'node:timers/promises';
import { openPort } from './mixed/port.mjs';

const CLIENT = fileURLToPath(new URL('./mixed/client.mjs', import.meta.url));
const PROCESSES = 2;
const LIFE_MS = [1000, 15_000];

/** Many protocols on one port, and processes of clients that are killed. Gives what runs them until `world.stop`. */
export async function mixed(world, random) {
  const port = await openPort(world);

  const runProcess = async () => {
    const child = fork(CLIENT, [String(port), String(random.whole(1, 0x7fff_ffff))], { execArgv: [] });
    const exited = once(child, 'exit');
    child.on('message', ({ count, bytes, fault }) => {
      if (count !== undefined) world.count(`exchanges: ${count}`);
      if (bytes !== undefined) world.count('bytes', bytes);
      if (fault !== undefined) world.fault(fault);
    });
    world.count('client processes');
    const over = new AbortController();
    void exited.then(() => over.abort());
    const signal = AbortSignal.any([over.signal, world.stop]);
    await elapsed(random.logarithmic(...LIFE_MS), undefined, { signal }).catch(() => {});
    if (!world.stop.aborted) {
      world.count('client processes killed');
      child.kill('SIGKILL');
    } else if (child.connected) child.send('stop');
    const [code, killedBy] = await exited;
    if (code !== 0 && killedBy !== 'SIGKILL') world.fault(`a client process ended with ${code ?? killedBy}`);
  };

  const again = async () => {
    while (!world.stop.aborted) await runProcess();
  };
  return () => Array.from({ length: PROCESSES }, again);
}
