import { afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { connect as connectTls, type TLSSocket } from 'node:tls';
import { firstValueFrom, map, Subject } from 'rxjs';
import type { Conn } from '../../src/conn/conn.js';
import type { MuxError } from '../../src/errors.js';
import { fromDuplex } from '../../src/net/duplex-conn.js';
import { RelayDuplex } from '../../src/net/relay-duplex.js';
import { terminateTls } from '../../src/net/terminate-tls.js';
import { localhostPem } from '../serve/sink-harness.js';
import { loopback } from './loopback.js';

let pem: Awaited<ReturnType<typeof localhostPem>>;
beforeAll(async () => (pem = await localhostPem()));

const downs: (() => unknown)[] = [];
afterEach(() => {
  for (const down of downs.splice(0)) down();
});

interface Client {
  /** What carries TLS: it ends without a word of TLS. */
  readonly raw: Socket;
  readonly secure: TLSSocket;
}

const COMPLETE = /^complete$/;

/** What a client does behind its bytes, and what a reader makes of it. */
const ENDS: readonly (readonly [name: string, end: (client: Client) => void, outcome: RegExp])[] = [
  ['close_notify and FIN', ({ secure }) => secure.end(), COMPLETE],
  [
    'close_notify and RST',
    ({ raw, secure }) => {
      raw.once('finish', () => raw.resetAndDestroy());
      secure.end();
    },
    COMPLETE,
  ],
  ['FIN alone', ({ raw }) => raw.end(), /^ERR_MUX_ABORT$/],
  // A stream between may have seen the reset as its end.
  ['RST alone', ({ raw }) => raw.resetAndDestroy(), /^ERR_MUX_(RESET|ABORT)$/],
];

/** What the server speaks TLS over. */
const CARRIERS: readonly (readonly [name: string, over: (conn: Conn) => Conn])[] = [
  ['a socket', (conn) => conn],
  ['another Duplex', (conn) => fromDuplex(new RelayDuplex(conn.duplex()))],
];

async function joined(over: (conn: Conn) => Conn): Promise<Client & { readonly conn: Conn }> {
  const inside$ = new Subject<Conn>();
  const server = await loopback((conns$) => conns$.pipe(map(over), terminateTls(pem)).subscribe(inside$));
  const raw = connect(server.port, '127.0.0.1').on('error', () => undefined);
  const secure = connectTls({ socket: new RelayDuplex(raw), ca: pem.cert, servername: 'localhost' });
  secure.on('error', () => undefined).resume();
  downs.push(
    () => secure.destroy(),
    () => raw.destroy(),
    () => server.close(),
  );
  const [conn] = await Promise.all([firstValueFrom(inside$), once(secure, 'secureConnect')]);
  downs.push(() => conn._destroy(undefined, false));
  return { raw, secure, conn };
}

const outcomeOf = (conn: Conn): Promise<{ readonly bytes: number; readonly end: string }> =>
  new Promise((resolve) => {
    let bytes = 0;
    conn.subscribe({
      next: (chunk) => (bytes += chunk.length),
      complete: () => resolve({ bytes, end: 'complete' }),
      error: ({ code }: MuxError) => resolve({ bytes, end: code }),
    });
  });

const turns = async (n: number): Promise<void> => {
  for (; n > 0; n--) await new Promise(setImmediate);
};

describe.each(CARRIERS)('TLS over %s, ended by', (_name, over) => {
  describe.each(ENDS)('%s', (_end, end, outcome) => {
    it.each([
      ['at once', 100_000, 0],
      // The bytes and the end wait in the stream.
      ['later', 5000, 50],
    ])('is told to one who reads %s', async (_when, size, wait) => {
      const client = await joined(over);
      await new Promise((resolve) => client.secure.write(Buffer.alloc(size), resolve));
      const early = wait === 0 ? outcomeOf(client.conn) : undefined;
      end(client);
      await turns(wait);
      const { bytes, end: seen } = await (early ?? outcomeOf(client.conn));
      expect(seen).toMatch(outcome);
      if (outcome === COMPLETE) expect(bytes).toBe(size);
    });
  });

  it('by FIN alone is told by closed$', async () => {
    const { conn, raw } = await joined(over);
    conn.subscribe({ error: () => undefined });
    raw.end();
    expect((await firstValueFrom(conn.closed$)).error).toMatchObject({ code: 'ERR_MUX_ABORT', initiator: 'remote' });
  });

  it('is left to a server that takes the socket', async () => {
    const { conn, raw } = await joined(over);
    const socket = conn.duplex();
    const ended = once(socket, 'end');
    socket.resume();
    raw.end();
    await expect(ended).resolves.toEqual([]);
  });
});
