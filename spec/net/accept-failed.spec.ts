import { afterEach, expect, it, jest } from '@jest/globals';
import { Server } from 'node:net';
import { constants } from 'node:os';
import { firstValueFrom, type Subscription } from 'rxjs';
import type { AcceptFailure } from '../../src/net/accept-errors.js';
import { listen } from '../../src/net/listen.js';

let listening: Subscription | undefined;
afterEach(() => {
  listening?.unsubscribe();
  jest.restoreAllMocks();
});

/** What Node calls for each connection, and for each that the system could not accept. */
interface Accepting {
  readonly _handle: { onconnection(this: unknown, status: number): void };
}

it('tells on errors$ that the system could not accept, with its error, and goes on listening', async () => {
  const servers: Server[] = [];
  const original = Reflect.get(Server.prototype, 'listen') as (...args: unknown[]) => Server;
  jest.spyOn(Server.prototype, 'listen').mockImplementation(function (this: Server, ...args: unknown[]) {
    servers.push(this);
    return original.apply(this, args);
  });
  const listener = listen({ port: 0, host: '127.0.0.1' });
  const failures: AcceptFailure[] = [];
  const ends: unknown[] = [];
  listener.errors$.subscribe((failure) => failures.push(failure));
  listening = listener.subscribe({ error: (error) => ends.push(error), complete: () => ends.push('complete') });
  const address = await firstValueFrom(listener.address$);
  const [server] = servers as (Server & Accepting)[];
  server?._handle.onconnection(-constants.errno.EMFILE);
  expect(failures).toMatchObject([
    { error: { code: 'ERR_MUX_ACCEPT', scope: 'listener', cause: { code: 'EMFILE', syscall: 'accept' } } },
  ]);
  expect(failures[0]?.error.message).toContain('accept failed: ');
  expect([ends, server?.listening, await firstValueFrom(listener.address$)]).toEqual([[], true, address]);
});
