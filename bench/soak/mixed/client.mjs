// A process of the mixed soak that connects again and again, with every protocol, and checks that what it sends comes back. It
// ends its connections by FIN and RST; its parent kills it. It reports to its parent, and exits soon after `stop`.
import { once } from 'node:events';
import { connect } from 'node:net';
import { setTimeout as elapsed } from 'node:timers/promises';
import { connect as connectTls } from 'node:tls';
import { certificate } from '../../lib/certificate.mjs';
import { Random } from '../random.mjs';
import { exchange } from './exchange.mjs';
import { client as grpc } from './grpc.mjs';
import { client as http1 } from './http1.mjs';
import { client as http2 } from './http2.mjs';
import { CODECS } from '../../lib/codecs.mjs';
import { clientOf } from './mux.mjs';
import { client as webSocket } from './web-socket.mjs';

const KINDS = {
  http1,
  http2,
  grpc,
  webSocket,
  ...Object.fromEntries(Object.entries(CODECS).map(([name, codec]) => [name, clientOf(codec)])),
};
const CONNECTIONS_AT_A_TIME = 4;
const MOST_EXCHANGES = 4;
const MOST_DELAY_MS = 300;
const LEAVING_MS = 500;
const QUIET_MS = 30_000;
const HOST = '127.0.0.1';
const CUTS = ['fin', 'rst', 'destroy'];

const [port, seed] = process.argv.slice(2).map(Number);
const random = new Random(seed);
let isStopping = false;
const report = (message) => process.connected && process.send(message);
process.on('message', () => (isStopping = true));
process.on('disconnect', () => process.exit(0));
process.on('uncaughtException', (error) => report({ fault: `client threw: ${error.stack}` }));

async function reach(isSecure) {
  const signal = AbortSignal.timeout(QUIET_MS);
  const raw = connect({ port, host: HOST, noDelay: true });
  raw.on('error', () => {});
  await once(raw, 'connect', { signal });
  if (!isSecure) return { raw, socket: raw };
  const socket = connectTls({ socket: raw, servername: 'localhost', ca: certificate.cert });
  socket.on('error', () => {});
  await once(socket, 'secureConnect', { signal });
  return { raw, socket };
}

/** Fulfilled soon after a socket has closed: its streams have ended by then. */
const closed = async (socket) => {
  if (!socket.destroyed) await new Promise((resolve) => socket.once('close', resolve));
  await elapsed(LEAVING_MS, undefined, { ref: false });
};

function cut(how, { raw, socket }) {
  if (how === 'fin') socket.end();
  else {
    if (how === 'rst') raw.resetAndDestroy();
    // TLS must not outlive the socket beneath it. When a reader resumes, Node (20.20.2) fails to start reading and closes the TLS socket
    // within `read` (`tryReadStart`, lib/net.js). node:http frees its parser at that 'close', then `read` emits what was buffered:
    // `assert(parser && …)` in `socketOnData`, lib/_http_client.js line 542, throws.
    socket.destroy();
  }
}

async function connection({ kind, isSecure }) {
  const place = kind === 'grpc' ? undefined : await reach(isSecure);
  const client = KINDS[kind](place?.socket, { port, ca: isSecure ? certificate.cert : undefined });
  const act = place !== undefined && random.chance(0.3) ? CUTS[random.whole(0, CUTS.length - 1)] : undefined;
  const state = { isDisturbed: false, closed: place && closed(place.socket) };
  const timer =
    act &&
    setTimeout(
      () => {
        state.isDisturbed = true;
        cut(act, place);
      },
      random.whole(0, MOST_DELAY_MS),
    );
  const name = `${kind}${isSecure ? ' over TLS' : ''}`;
  const one = async () => {
    const { fault, bytes } = await exchange(client, random, state);
    report({ count: name, bytes, ...(fault === undefined ? {} : { fault: `${name}: ${fault}` }) });
  };
  const times = client.isSingle ? 1 : random.whole(1, MOST_EXCHANGES);
  if (client.isParallel) await Promise.all(Array.from({ length: times }, one));
  else for (let i = 0; i < times && !state.isDisturbed; i++) await one();
  clearTimeout(timer);
  client.close();
  if (place === undefined) return;
  if (!place.socket.destroyed) await Promise.race([once(place.socket, 'close').catch(() => {}), elapsed(LEAVING_MS)]);
  place.socket.destroy();
}

const combinations = Object.keys(KINDS).flatMap((kind) => [false, true].map((isSecure) => ({ kind, isSecure })));
let next = random.whole(0, combinations.length - 1);
let begun = 0;

/** One connection after the other, in turns of all kinds. A process that is told to stop completes its first turn. */
async function again() {
  while (!isStopping || begun < combinations.length) {
    const one = combinations[next++ % combinations.length];
    begun++;
    await connection(one).catch((error) => report({ fault: `${one.kind}: ${error.message}` }));
  }
}

await Promise.all(Array.from({ length: CONNECTIONS_AT_A_TIME }, again));
process.exit(0);
