import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { WebSocketServer } from 'ws';
import { fromWebSocket } from '../../src/conn/web-socket-conn.js';
import { session } from '../../src/session/session.js';
import { yamux } from '../../src/wire/index.js';
import { bundled } from '../bundled.js';
import { Page } from './chromium.js';
import { describePeer } from './peer.js';
import { Lab } from './run.js';

const MIB = 1 << 20;
const UPLOAD_MIB = 32;
/** What a WebSocket may hold before its writers wait. */
const HIGH_WATER_BYTES = 262_144;

// `upload` gives how often a timer of 5 ms came while it ran.
const SCRIPT = `
  import { fromWebSocket, session, yamux } from './browser.js';
  globalThis.upload = async (bytes) => {
    const client = session(fromWebSocket(new WebSocket('ws://' + location.host)), { codec: yamux(), role: 'client' });
    const stream = client.open();
    let ticks = 0;
    const timer = setInterval(() => ticks++, 5);
    const writer = stream.writable.getWriter();
    const block = new Uint8Array(65536);
    for (let sent = 0; sent < bytes; sent += block.length) await writer.write(block);
    await writer.close();
    let received = '';
    for await (const chunk of stream) received += new TextDecoder().decode(chunk);
    clearInterval(timer);
    client.close();
    return { received, ticks, hidden: document.hidden };
  };`;

describePeer(['chromium'], 'a hidden page in Chromium', ({ chromium }) => {
  const lab = new Lab();
  let url: string;
  beforeAll(async () => {
    const { bytes } = await bundled(SCRIPT, 'src', undefined, []);
    const server = createServer((request, response) => {
      if (request.url === '/app.js') response.setHeader('content-type', 'text/javascript').end(bytes);
      else response.setHeader('content-type', 'text/html').end('<script type="module" src="/app.js"></script>');
    });
    const webSockets = new WebSocketServer({ server });
    webSockets.on('connection', (socket) => {
      // Each stream is told how many bytes it brought.
      session(fromWebSocket(socket), { codec: yamux(), role: 'server' }).accept$.subscribe((stream) => {
        stream.subscribe({
          complete: () => {
            stream.next(Buffer.from(String(stream.bytesRead)));
            stream.complete();
          },
          error: () => undefined,
        });
      });
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
    lab.onDown(() => {
      server.closeAllConnections();
      server.close();
    });
  });
  afterAll(() => lab.down());

  test('uploads without waiting for its timers, which come once a second', async () => {
    const page = await Page.open(lab, chromium, url);
    await page.value('globalThis.upload && true');
    await page.hide();
    const done = await page.evaluate(`upload(${UPLOAD_MIB * MIB})`);
    const { received, ticks, hidden } = done as { received: string; ticks: number; hidden: boolean };
    expect([received, hidden]).toEqual([String(UPLOAD_MIB * MIB), true]);
    // A wait for each full buffer: by timers it would take as many ticks.
    expect(ticks).toBeLessThan((UPLOAD_MIB * MIB) / HIGH_WATER_BYTES / 4);
  });
});
