import { afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { once } from 'node:events';
import { connect, type ConnectionOptions, type SecureVersion, TLSSocket } from 'node:tls';
import { firstValueFrom, type Observable } from 'rxjs';
import type { Conn } from '../../src/conn/conn.js';
import { terminateTls } from '../../src/net/terminate-tls.js';
import { localhostPem } from '../serve/sink-harness.js';
import { loopback } from './loopback.js';

type Pem = Awaited<ReturnType<typeof localhostPem>>;
let [server, trusted, stranger]: Pem[] = [];
beforeAll(async () => {
  [server, trusted, stranger] = await Promise.all([localhostPem(), localhostPem(), localhostPem()]);
});

const downs: (() => void)[] = [];
afterEach(() => {
  for (const down of downs.splice(0)) down();
});

async function listening(version: SecureVersion): Promise<{ port: number; conns$: Observable<Conn> }> {
  const options = { ...server, ca: trusted?.cert ?? '', requestCert: true, rejectUnauthorized: false };
  const stage = terminateTls({ ...options, minVersion: version, maxVersion: version });
  const lab = await loopback();
  downs.push(() => {
    lab.close();
  });
  return { port: lab.port, conns$: lab.conns$.pipe(stage) };
}

/** Connects, and gives how the server sees the client, and the session to resume. */
async function met(conns$: Observable<Conn>, port: number, options: ConnectionOptions) {
  const found = firstValueFrom(conns$);
  const client = connect({ port, host: '127.0.0.1', rejectUnauthorized: false, ...options });
  downs.push(() => client.destroy());
  const session = new Promise<Buffer>((resolve) => client.once('session', resolve));
  await once(client, 'secureConnect');
  const conn = await found;
  const socket = conn.duplex();
  if (!(socket instanceof TLSSocket)) throw new Error('no TLS socket');
  // With it comes the ticket of TLS 1.3.
  socket.write('hello');
  client.resume();
  return {
    authorized: [conn.meta.tls?.authorized, socket.authorized],
    reused: client.isSessionReused(),
    session,
  };
}

describe.each(['TLSv1.2', 'TLSv1.3'] as const)('authorized, in %s', (version) => {
  it.each([
    ['a client without a certificate', false, () => ({})],
    ['a client with a certificate of another authority', false, () => stranger ?? {}],
    ['a client with a good certificate', true, () => trusted ?? {}],
  ] as const)('of %s is %s, and so when it resumes its session', async (_who, authorized, pem) => {
    const { port, conns$ } = await listening(version);
    const first = await met(conns$, port, pem());
    const again = await met(conns$, port, { ...pem(), session: await first.session });
    expect([first.reused, again.reused]).toEqual([false, true]);
    expect([first.authorized, again.authorized]).toEqual([
      [authorized, authorized],
      [authorized, authorized],
    ]);
  });
});
