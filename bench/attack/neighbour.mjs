// node bench/attack/neighbour.mjs PORT: an honest client of the program that is attacked, and how long its echoes take.
import { connect } from 'node:net';
import { setTimeout as elapsed } from 'node:timers/promises';
import { fromDuplex, session, yamux } from '../../dist/index.js';
import { answering } from '../lib/answering.mjs';

const PAUSE_MS = 5;
const conn = fromDuplex(connect(Number(process.argv[2]), '127.0.0.1'));
const stream = session(conn, { codec: yamux(), role: 'client' }).open();
const message = new Uint8Array(64);
let taken = () => undefined;
stream.subscribe({ next: () => taken(), error: () => process.exit(1) });

async function echo() {
  const began = performance.now();
  const answered = new Promise((resolve) => (taken = resolve));
  stream.next(message);
  await answered;
  return performance.now() - began;
}

await echo();
answering(true, {
  /** Echoes for so many seconds: the middle and the tail of their times, in milliseconds. */
  async echoes(seconds) {
    const times = [];
    const until = performance.now() + Number(seconds) * 1000;
    while (performance.now() < until) {
      times.push(await echo());
      await elapsed(PAUSE_MS);
    }
    times.sort((a, b) => a - b);
    return { count: times.length, p50Ms: times[times.length >> 1], p99Ms: times[Math.floor(times.length * 0.99)] };
  },
});
