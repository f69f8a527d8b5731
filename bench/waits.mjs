// How long a peer that stops can keep a connection, with defaults: `npm run build && node bench/waits.mjs`, 150 s.
// The table of docs/guarantees.md has its figures: the shortest and the longest of ten connections that begin 3 s apart.
import http from 'node:http';
import http2 from 'node:http2';
import https from 'node:https';
import { connect } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import tls from 'node:tls';
import { firstValueFrom } from 'rxjs';
import { WebSocketServer } from 'ws';
import * as rxmux from '../dist/index.js';
import { certificate as pem } from './lib/certificate.mjs';

const CLIENTS = 10;
const GAP_MS = 3000;
const LONGEST_MS = 125_000;
const { acceptSessions, http1, muxado, proxyProtocol, smux, sniff, terminateTls, terminateWebSocket, yamux } = rxmux;
const { toHttp, toHttp2, toTls, toWebSocket } = rxmux;

const hex = (text) => Buffer.from(text, 'hex');
const halfHello = hex('1603010200010001fc0303');
const preface = Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0', 'latin1');
const request2 = hex('000006010500000001838684410178');
const halfHead = 'GET / HT';
const nothing = '';
const answer = (_request, response) => response.end('ok');
const upgrader = () => new WebSocketServer({ noServer: true, maxPayload: 1 << 20 });
const sniffed = (conns$) => conns$.pipe(sniff(http1()));
const mux = (codec) => (conns$) => conns$.pipe(acceptSessions({ codec }));
const into = (sink) => (conns$) => ({ subscribe: () => conns$.subscribe(sink) });

/** Who takes the connection, and what the client sends before it stops. */
const CASES = {
  'sniff, silent': [sniffed, nothing],
  'sniff, half a request line': [sniffed, halfHead],
  'proxyProtocol, silent': [(conns$) => conns$.pipe(proxyProtocol({ trust: ['127.0.0.1'] })), nothing],
  'terminateTls, half a ClientHello': [(conns$) => conns$.pipe(terminateTls(pem)), halfHello],
  'terminateWebSocket, half a head': [(conns$) => conns$.pipe(terminateWebSocket(upgrader())), halfHead],
  'toWebSocket, half a head': [into(toWebSocket(upgrader())), halfHead],
  'toHttp, silent': [into(toHttp(http.createServer(answer))), nothing],
  'toHttp, half a head': [into(toHttp(http.createServer(answer))), halfHead],
  'toHttp, after a request': [into(toHttp(http.createServer(answer))), 'GET / HTTP/1.1\r\nHost: x\r\n\r\n'],
  'toHttp with https, half a ClientHello': [into(toHttp(https.createServer(pem, answer))), halfHello],
  'toTls, half a ClientHello': [into(toTls(tls.createServer(pem))), halfHello],
  'toHttp2, silent': [into(toHttp2(http2.createServer(answer))), nothing],
  'toHttp2, preface': [into(toHttp2(http2.createServer(answer))), preface],
  'toHttp2, after a request': [into(toHttp2(http2.createServer(answer))), Buffer.concat([preface, request2])],
  'session of muxado 1, silent': [mux(muxado({ version: 1 })), nothing],
  'session of muxado 2, silent': [mux(muxado()), nothing],
  'session of smux, silent': [mux(smux({ version: 2 })), nothing],
  'session of yamux, silent': [mux(yamux()), nothing],
  'session of yamux, half a header': [mux(yamux()), hex('0000')],
};

/** Seconds until the server closes a connection. */
async function waited(port, bytes) {
  const socket = connect(port, '127.0.0.1');
  const closed = new Promise((resolve) => socket.on('error', () => undefined).once('close', resolve));
  const from = performance.now();
  socket.write(bytes);
  socket.resume();
  const late = setTimeout(() => socket.destroy(), LONGEST_MS);
  await closed;
  clearTimeout(late);
  return (performance.now() - from) / 1000;
}

async function measure([name, [serve, bytes]]) {
  const conns$ = rxmux.listen({ port: 0, host: '127.0.0.1' });
  const serving = serve(conns$).subscribe();
  const { port } = await firstValueFrom(conns$.address$);
  const waits = await Promise.all(
    Array.from({ length: CLIENTS }, (_, n) => delay(n * GAP_MS).then(() => waited(port, bytes))),
  );
  serving.unsubscribe();
  return [name, Math.min(...waits), Math.max(...waits)];
}

for (const [name, least, most] of await Promise.all(Object.entries(CASES).map(measure))) {
  console.log(`| ${name.padEnd(38)} | ${least.toFixed(1).padStart(6)} | ${most.toFixed(1).padStart(6)} |`);
}
process.exit();
