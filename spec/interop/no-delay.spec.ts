import { afterAll, describe, expect, it } from '@jest/globals';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { connect, type AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { firstValueFrom } from 'rxjs';
import type { Conn } from '../../src/conn/conn.js';
import { dial } from '../../src/net/dial.js';
import { listen } from '../../src/net/listen.js';
import { Lab } from './run.js';

const lab = new Lab();
afterAll(() => lab.down());

const PROGRAM =
  'use Socket qw(IPPROTO_TCP TCP_NODELAY); print unpack("i", getsockopt(STDIN, IPPROTO_TCP, TCP_NODELAY))';

/** The system's own word, from a program that is given the socket: Node has no way to ask. */
async function noDelayOf(conn: Conn): Promise<string> {
  const socket = conn.duplex();
  lab.onDown(() => socket.destroy());
  const perl = spawn('perl', ['-e', PROGRAM], { stdio: [socket, 'pipe', 'inherit'] });
  const [said] = await Promise.all([text(perl.stdout), once(perl, 'close')]);
  return said;
}

/** A connection that a listener accepted. */
async function accepted(noDelay?: boolean): Promise<Conn> {
  const listener = listen({ port: 0, host: '127.0.0.1', ...(noDelay === undefined ? {} : { noDelay }) });
  const first = firstValueFrom(listener);
  const { port } = (await firstValueFrom(listener.address$)) as AddressInfo;
  const client = connect(port, '127.0.0.1');
  lab.onDown(() => client.destroy());
  return first;
}

describe('TCP_NODELAY', () => {
  it.each([
    [undefined, '1'],
    [true, '1'],
    [false, '0'],
  ])('of an accepted connection, with noDelay %s, is %s', async (noDelay, wanted) => {
    expect(await noDelayOf(await accepted(noDelay))).toBe(wanted);
  });

  it('of a dialled connection is on', async () => {
    const listener = listen({ port: 0, host: '127.0.0.1' });
    const serving = listener.subscribe((conn) => {
      lab.onDown(() => conn.duplex().destroy());
    });
    lab.onDown(() => serving.unsubscribe());
    const { port } = (await firstValueFrom(listener.address$)) as AddressInfo;
    expect(await noDelayOf(await firstValueFrom(dial({ port, host: '127.0.0.1' })))).toBe('1');
  });
});
