// node bench/micro/message-process.mjs PIPE: two ends in one process, a stream between them; see messages.mjs.
import { connect as connectHttp2, createServer } from 'node:http2';
import { Duplex } from 'node:stream';
import { session } from '../../dist/index.js';
import { memoryPipe } from '../../dist/testing/index.js';
import { answering } from '../lib/answering.mjs';
import { CODECS } from '../lib/codecs.mjs';

const MESSAGE = Buffer.alloc(64);

/** Two Duplexes; what is written into one comes out of the other. */
function duplexPair() {
  const ends = [0, 1].map(
    (own) =>
      new Duplex({
        read() {
          this.goOn?.();
        },
        write(chunk, _encoding, done) {
          const other = ends[1 - own];
          if (other.push(chunk)) done();
          else {
            other.goOn = () => {
              other.goOn = undefined;
              done();
            };
          }
        },
        final(done) {
          ends[1 - own].push(null);
          done();
        },
      }),
  );
  return ends;
}

function ofRxmux(codec) {
  const [near, far] = memoryPipe();
  session(far, { codec, role: 'server' }).accept$.subscribe((stream) => {
    stream.subscribe((chunk) => stream.next(chunk));
  });
  const stream = session(near, { codec, role: 'client' }).open();
  return { send: () => stream.next(MESSAGE), onChunk: (listener) => stream.subscribe(listener) };
}

const overDuplex = (stream) => ({
  send: () => stream.write(MESSAGE),
  onChunk: (listener) => stream.on('data', listener),
});

function ofHttp2() {
  const [near, far] = duplexPair();
  const server = createServer().on('stream', (stream) => {
    stream.respond({ ':status': 200 });
    stream.on('data', (chunk) => stream.write(chunk));
  });
  server.emit('connection', far);
  const session = connectHttp2('http://localhost', { createConnection: () => near });
  return overDuplex(session.request({ ':method': 'POST', ':path': '/' }));
}

async function ofMultiplex() {
  // Only when asked for: it may not be installed.
  const { default: multiplex } = await import('multiplex');
  const near = multiplex();
  const far = multiplex((stream) => stream.on('data', (chunk) => stream.write(chunk)));
  near.pipe(far).pipe(near);
  return overDuplex(near.createStream('1'));
}

const [pipe] = process.argv.slice(2);
const OTHERS = { http2: ofHttp2, multiplex: ofMultiplex };
const { send, onChunk } = pipe in CODECS ? ofRxmux(CODECS[pipe]) : await OTHERS[pipe]();

let left = 0;
let bytes = 0;
let over;
onChunk((chunk) => {
  bytes += chunk.length;
  if (bytes < MESSAGE.length) return;
  bytes = 0;
  if (--left > 0) send();
  else over();
});

async function echoes(times) {
  left = Number(times);
  const start = performance.now();
  await new Promise((resolve) => {
    over = resolve;
    send();
  });
  return { micros: ((performance.now() - start) * 1000) / times };
}

answering({}, { echoes });
