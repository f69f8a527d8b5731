import { afterEach, expect, test } from '@jest/globals';
import { once } from 'node:events';
import http2, { type ClientHttp2Stream } from 'node:http2';
import { of } from 'rxjs';
import { terminateTls } from '../../src/net/terminate-tls.js';
import { toHttp2 } from '../../src/serve/to-http2.js';
import { localhostPem, Stage } from './sink-harness.js';

const SETTINGS = Buffer.from('000000040000000000', 'hex');

const stage = new Stage();
afterEach(() => stage.down());

test('a TLS connection whose last write is still under way is served, with what came before it', async () => {
  const pem = await localhostPem();
  const sink = toHttp2(http2.createServer((_request, response) => response.end('served')));
  const port = await stage.listen((conn) => {
    const secure$ = terminateTls({ ...pem, ALPNProtocols: ['h2'] });
    secure$(of(conn)).subscribe((secure) => {
      const peeking = secure._peek({
        bytes: (chunk) => {
          secure.next(SETTINGS);
          peeking.release(chunk, {
            freed: () => {
              sink.next(secure);
            },
          });
        },
        closed: () => undefined,
      });
    });
  });
  const session = http2.connect(`https://localhost:${port}`, { ca: pem.cert });
  // The server did not ask for the acknowledgement of those SETTINGS, and ends the session over it afterwards.
  session.on('error', () => undefined);
  stage.onDown(() => session.destroy());
  const request: ClientHttp2Stream = session.request({ ':path': '/' });
  const [chunk] = (await once(request, 'data')) as [Buffer];
  expect(chunk.toString()).toBe('served');
});
