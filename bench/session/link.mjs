// node bench/session/link.mjs PORT DELAY_MS: a long link to a port of this machine. What comes in goes out so much later, in order;
// the link itself has room for whatever is under way.
import { connect, createServer } from 'node:net';
import { fileURLToPath } from 'node:url';
import { answering } from '../lib/answering.mjs';
import { Child } from '../lib/child.mjs';

// More than a round trip at what loopback carries: TCP is never held back by the link, and a sender without end does not fill memory.
const ROOM_BYTES = 512 * 2 ** 20;

/** Carries one direction. */
function carry(from, to, delayMs) {
  const underWay = [];
  let first = 0;
  let bytes = 0;
  let timer;
  const arrive = () => {
    timer = undefined;
    const now = performance.now();
    for (; first < underWay.length && underWay[first].due <= now; first++) {
      const { chunk } = underWay[first];
      if (chunk === undefined) to.end();
      else {
        bytes -= chunk.length;
        to.write(chunk);
      }
    }
    underWay.splice(0, first);
    first = 0;
    goOn();
    wake();
  };
  const goOn = () => {
    if (bytes + to.writableLength < ROOM_BYTES) from.resume();
  };
  const wake = () => {
    if (timer === undefined && underWay.length > 0) timer = setTimeout(arrive, underWay[0].due - performance.now());
  };
  const send = (chunk) => {
    underWay.push({ due: performance.now() + delayMs, chunk });
    wake();
  };
  // Nothing may be under way any more, and all of it wait on the far side.
  to.on('drain', goOn);
  from.on('data', (chunk) => {
    bytes += chunk.length;
    if (bytes + to.writableLength >= ROOM_BYTES) from.pause();
    send(chunk);
  });
  from.on('end', () => send(undefined));
  from.on('error', () => to.destroy());
}

/** Starts a link of so long a round trip before a port; dial its `ready.port` instead. */
export function startLink(port, roundTripMs) {
  // On neither core: its work is nobody's.
  return Child.startScript(undefined, 'session/link.mjs', String(port), String(roundTripMs / 2));
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const [port, delayMs] = process.argv.slice(2).map(Number);
  const server = createServer({ allowHalfOpen: true, noDelay: true }, (near) => {
    const far = connect({ port, host: '127.0.0.1', allowHalfOpen: true, noDelay: true });
    carry(near, far, delayMs);
    carry(far, near, delayMs);
  });
  server.listen(0, '127.0.0.1', () => answering(server.address()));
}
