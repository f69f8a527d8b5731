// node bench/latency/peer.mjs server CODEC HOST | client CODEC HOST PORT: bulk that is counted where it arrives, and 8-byte messages
// that are echoed beside it. Answers the questions of bench/lib/child.mjs.
import { createServer, connect } from 'node:net';
import { once } from 'node:events';
import { fromDuplex, session } from '../../dist/index.js';
import { answering } from '../lib/answering.mjs';
import { CODECS } from '../lib/codecs.mjs';

const BULK = 66;
const ECHO = 69;
const DOWN = 68;
const WRITE_BYTES = 65_536;
const MESSAGE_BYTES = 8;
const PAUSE_MS = 20;

const [role, codecName, host, port] = process.argv.slice(2);
const codec = CODECS[codecName];
const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
let arrivedBytes = 0;

/** Writes for as long as the stream lives, never more than it takes. */
async function fill(stream) {
  const writer = stream.writable.getWriter();
  const block = new Uint8Array(WRITE_BYTES);
  try {
    for (;;) await writer.write(block);
  } catch {
    // The stream was ended from elsewhere: that is how a run ends.
  }
}

/** Serves one stream by the kind in its first byte. */
function serve(stream) {
  let kind;
  stream.subscribe({
    next: (bytes) => {
      const isFirst = kind === undefined;
      kind ??= bytes[0];
      if (kind === BULK) arrivedBytes += bytes.length;
      else if (kind === ECHO && bytes.length > (isFirst ? 1 : 0)) stream.next(bytes.slice(isFirst ? 1 : 0));
      else if (kind === DOWN && isFirst) void fill(stream);
    },
    error: () => {},
  });
}

if (role === 'server') {
  const server = createServer({ noDelay: true, allowHalfOpen: true }, (socket) => {
    session(fromDuplex(socket), { codec, role: 'server' }).accept$.subscribe(serve);
  });
  server.listen(0, host);
  await once(server, 'listening');
  answering({ port: server.address().port }, { arrived: () => ({ arrivedBytes, at: performance.now() }) });
} else {
  const socket = connect({ port: Number(port), host, noDelay: true, allowHalfOpen: true });
  await once(socket, 'connect');
  const own = session(fromDuplex(socket), { codec, role: 'client' });
  own.accept$.subscribe(serve);
  let cameBytes = 0;
  const open = (kind) => {
    const stream = own.open();
    stream.next(Uint8Array.of(kind));
    return stream;
  };
  const echo = open(ECHO);
  let answered;
  echo.subscribe({ next: () => answered?.(), error: () => answered?.() });
  const ping = async () => {
    const begun = performance.now();
    const answer = new Promise((resolve) => (answered = resolve));
    echo.next(new Uint8Array(MESSAGE_BYTES));
    await answer;
    return performance.now() - begun;
  };
  answering(
    {},
    {
      bulk: (streams, direction) => {
        for (let i = 0; i < Number(streams); i++) {
          if (direction !== 'down') {
            const stream = open(BULK);
            stream.subscribe({ error: () => {} });
            void fill(stream);
          }
          if (direction !== 'up')
            open(DOWN).subscribe({ next: (bytes) => (cameBytes += bytes.length), error: () => {} });
        }
        return {};
      },
      pings: async (seconds) => {
        const end = performance.now() + 1000 * Number(seconds);
        const times = [];
        while (performance.now() < end && !echo.isOver) {
          times.push(await ping());
          await pause(PAUSE_MS);
        }
        return { times };
      },
      came: () => ({ cameBytes, at: performance.now() }),
    },
  );
}
