import { afterEach, describe, expect, it } from '@jest/globals';
import { once } from 'node:events';
import http, { type IncomingMessage } from 'node:http';
import { connect, type AddressInfo } from 'node:net';
import type { Readable } from 'node:stream';
import { firstValueFrom } from 'rxjs';
import { Agent, request } from 'undici';
import { fromDuplex } from '../../src/net/duplex-conn.js';
import { listen } from '../../src/net/listen.js';
import { connectThrough } from '../../src/serve/connect-through.js';
import { httpAgent } from '../../src/serve/http-agent.js';
import { toHttp } from '../../src/serve/to-http.js';
import { session, type Session } from '../../src/session/session.js';
import { CODECS, turn } from '../session/session-ends.js';

const BODY_BYTES = 4_000_000;
const TURNS_A_CHUNK = 20;

const downs: (() => unknown)[] = [];
afterEach(async () => {
  for (const down of downs.splice(0).reverse()) await down();
});

const CLIENTS: Record<string, (s: Session) => Promise<Readable>> = {
  'node:http': async (s) => {
    const [response] = (await once(http.get({ host: 'peer', agent: httpAgent(s) }), 'response')) as [IncomingMessage];
    return response;
  },
  undici: async (s) => {
    const dispatcher = new Agent({ connect: connectThrough(s) });
    downs.push(() => dispatcher.destroy());
    return (await request('http://peer/', { dispatcher })).body;
  },
};

// The session ends while its client still reads. Both clients hold bytes of a body themselves: node:http pauses then, undici puts bytes back.
describe.each(CODECS)('the end of a session of %s', (_name, codec) => {
  it.each(Object.entries(CLIENTS))('leaves %s the whole of a body that it reads slowly', async (_client, get) => {
    const conns$ = listen({ port: 0, host: '127.0.0.1' });
    const subscription = conns$.subscribe((conn) => {
      const far = session(conn, { codec, role: 'server' });
      const server = http.createServer((_request, response) => {
        response.writeHead(200, { 'content-length': BODY_BYTES });
        response.end(Buffer.alloc(BODY_BYTES, 7), () => {
          far.close();
        });
      });
      far.accept$.subscribe(toHttp(server));
    });
    downs.push(() => {
      subscription.unsubscribe();
    });
    const { port } = (await firstValueFrom(conns$.address$)) as AddressInfo;
    const socket = connect({ port, host: '127.0.0.1', allowHalfOpen: true });
    downs.push(() => socket.destroy());
    await once(socket, 'connect');
    const s = session(fromDuplex(socket), { codec, role: 'client' });
    let bytes = 0;
    for await (const chunk of await get(s)) {
      bytes += (chunk as Buffer).length;
      for (let n = 0; n < TURNS_A_CHUNK; n++) await turn();
    }
    expect(bytes).toBe(BODY_BYTES);
  });
});
