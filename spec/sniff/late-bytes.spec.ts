import { afterEach, describe, expect, it } from '@jest/globals';
import { firstValueFrom, merge, of, Subject, toArray, lastValueFrom } from 'rxjs';
import { http1 } from '../../src/sniff/matchers/index.js';
import type { Decision, Rejection } from '../../src/sniff/outcome.js';
import { sniff } from '../../src/sniff/sniff.js';
import { loopback, type Loopback } from '../net/loopback.js';

const TIMEOUT_MS = 20;
const HEAD = 'GET /late HTTP/1.1\r\nHost: a\r\n\r\n';

let server: Loopback;
afterEach(() => {
  server.close();
});

/** Keeps the event loop from everything else until long past the deadline. */
function holdUpTheLoop(): void {
  const until = Date.now() + 3 * TIMEOUT_MS;
  while (Date.now() < until);
}

describe('sniff on a busy event loop', () => {
  it('case 19: bytes that came before the deadline, but are read after it, decide', async () => {
    server = await loopback();
    const accepted = firstValueFrom(server.conns$);
    const client = await server.connect();
    const conn = await accepted;
    // From an immediate the loop goes on to its timers, and only then to its sockets.
    await new Promise(setImmediate);

    const decided$ = new Subject<Decision>();
    const rejected$ = new Subject<Rejection>();
    const outcome = firstValueFrom(merge(decided$, rejected$));
    const options = { timeoutMs: TIMEOUT_MS, decided: decided$, rejected: rejected$ };
    const emitted = lastValueFrom(of(conn).pipe(sniff(http1(), options), toArray()));
    client.write(HEAD);
    holdUpTheLoop();

    expect(await outcome).toMatchObject({ conn: { protocol: 'http1' }, reason: 'match' });
    expect(await emitted).toEqual([conn]);
  });
});
