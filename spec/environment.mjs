import { setTimeout as pause } from 'node:timers/promises';
import { TestEnvironment } from 'jest-environment-node';

// A socket that is closed takes a few turns of the event loop to be gone, on a busy machine long ones.
const POLLS = 20;
const POLL_MS = 100;

// Node opens them with their first use: a warning that is printed meanwhile must not count as left behind.
process.stdout.fd;
process.stderr.fd;

/** How many timers, sockets and other things keep the process alive, by kind. */
function held() {
  const counts = new Map();
  for (const kind of process.getActiveResourcesInfo()) counts.set(kind, (counts.get(kind) ?? 0) + 1);
  return counts;
}

/** Fails a spec file that leaves a timer, a socket or a server behind: Jest would end its worker by force, with a warning only. */
export default class LeaklessEnvironment extends TestEnvironment {
  #before = held();

  async teardown() {
    let left = '';
    for (let n = 0; n < POLLS; n++) {
      const kinds = [...held()].filter(([kind, count]) => count > (this.#before.get(kind) ?? 0));
      left = kinds.map(([kind, count]) => `${count - (this.#before.get(kind) ?? 0)} ${kind}`).join(', ');
      if (left === '') break;
      await pause(POLL_MS, undefined, { ref: false });
    }
    await super.teardown();
    if (left !== '') throw new Error(`these specs leave behind: ${left} (jest --detectOpenHandles may say whose)`);
  }
}
