import { connect } from 'node:net';
import { answering } from '../../lib/answering.mjs';

const [port] = process.argv.slice(2);
let closed = 0;
let failed = 0;

function silent() {
  return new Promise((resolve, reject) => {
    const socket = connect(port, '127.0.0.1', resolve).once('error', reject);
    socket.on('error', () => failed++).on('close', () => closed++);
    socket.resume();
  });
}

/** Opens connections that never send a byte, a few at a time so that the server's queue of new ones never overflows. */
async function open(count) {
  for (let left = count; left > 0; left -= 100) await Promise.all(Array.from({ length: Math.min(left, 100) }, silent));
  return {};
}

answering({}, { open, ended: () => ({ closed, failed }) });
