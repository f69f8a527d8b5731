// What peers that mean harm send. Each attack goes on until its time is over, and asks for nothing that it was not given.
import { connect } from 'node:net';
import { setTimeout as elapsed } from 'node:timers/promises';
import { yamux } from '../../dist/index.js';
import { encodeFrame } from '../../dist/modules/wire/encode-frame.js';

const KIB = 1024;
const MIB = 1 << 20;
const WINDOW_BYTES = 256 * KIB;
const CHUNK_BYTES = 64 * KIB;
const codec = yamux();
const frame = (kind, id, more) => encodeFrame(codec, { kind, id, ...more });
const data = (id, length) => frame('data', id, { bytes: new Uint8Array(length) });
const idOf = (n) => 1 + 2 * n;

/** A connection to the program, and what was sent over it. */
class Peer {
  sentBytes = 0;
  isOver = false;
  #socket;

  constructor(port, reads) {
    this.#socket = connect(port, '127.0.0.1');
    this.#socket.on('error', () => undefined).on('close', () => (this.isOver = true));
    if (reads) this.#socket.resume();
    else this.#socket.pause();
  }

  /** Sends, and waits for as long as the system takes nothing, but not longer than a while. */
  async send(bytes) {
    if (this.isOver) return;
    this.sentBytes += bytes.length;
    if (this.#socket.write(bytes)) return;
    await Promise.race([new Promise((resolve) => this.#socket.once('drain', resolve)), elapsed(100)]);
  }

  leave() {
    this.#socket.destroy();
  }
}

async function openAll(peer, count) {
  for (let n = 0; n < count; n++) await peer.send(frame('open', idOf(n)));
}

/** Eight bytes for a stream, and the rest of a chunk for one that was never opened, whose bytes are dropped as they come. */
function pinning(id) {
  const piece = data(id, 8);
  return Buffer.concat([piece, data(0xfff1, CHUNK_BYTES - piece.length - 12)]);
}

/** Frames again and again, for as long as the attack lasts. */
async function flood(peer, until, bytesOf) {
  for (let n = 0; !peer.isOver && performance.now() < until(); n++) {
    await peer.send(bytesOf(n));
    if (n % 16 === 0) await new Promise(setImmediate);
  }
}

const many = (count, make) => Array.from({ length: count }, (_, n) => make(n));
const batch = (count, make) => Buffer.concat(many(count, make));

/**
 * `server`: what is attacked; `sent`: in words; `boundBytes`: what may be counted; `run(connect, until)` carries it out.
 * `isCpu`: what it costs is time, not memory. `isOwnWork`: so does what the program does of its own, and neighbours wait for it.
 */
export const ATTACKS = {
  'echoes that are granted nothing': {
    server: 'echo',
    sent: '8 bytes in each chunk of 64 KiB on 500 streams, whose echoes are granted no credit and not read',
    boundBytes: 64 * MIB + 160 * MIB,
    async run(connect, until) {
      const peer = connect(false);
      await openAll(peer, 500);
      await flood(peer, until, (n) => pinning(idOf(n % 500)));
    },
  },
  'pieces that keep chunks': {
    server: 'never reads',
    sent: '8 bytes for each of 1000 streams, each in a chunk of 64 KiB whose rest is dropped',
    boundBytes: 160 * MIB,
    async run(connect, until) {
      const peer = connect(true);
      await openAll(peer, 1000);
      await flood(peer, until, (n) => pinning(idOf(n % 1000)));
    },
  },
  'windows filled by six sessions': {
    server: 'never reads',
    sent: '1000 streams a session, each with its whole window',
    boundBytes: 1024 * MIB,
    async run(connect, until) {
      const fill = async () => {
        const peer = connect(true);
        for (let n = 0; n < 1000 && performance.now() < until(); n++) {
          await peer.send(frame('open', idOf(n)));
          for (let at = 0; at < WINDOW_BYTES; at += CHUNK_BYTES) await peer.send(data(idOf(n), CHUNK_BYTES));
        }
      };
      await Promise.all(many(6, fill));
    },
  },
  'writers that do not wait': {
    server: 'writes by next',
    sent: '200 streams are opened and granted nothing; the program writes 8 bytes to each, 16,384 times',
    boundBytes: 64 * MIB + 200 * 4 * KIB,
    isOwnWork: true,
    async run(connect, until) {
      await openAll(connect(false), 200);
      while (performance.now() < until()) await elapsed(50);
    },
  },
  'writers that wait': {
    server: 'writes and waits',
    sent: '1000 streams are opened and granted nothing; the program writes 64 KiB at a time',
    // Each may have written its chunk as the budget was nearly full.
    boundBytes: 64 * MIB + 8 * MIB,
    async run(connect, until) {
      await openAll(connect(false), 1000);
      while (performance.now() < until()) await elapsed(50);
    },
  },
  'a backend that reads nothing': {
    server: 'passes on to a backend that reads nothing',
    sent: '8 bytes in each chunk of 64 KiB on 200 streams',
    boundBytes: 160 * MIB,
    async run(connect, until) {
      const peer = connect(true);
      await openAll(peer, 200);
      await flood(peer, until, (n) => pinning(idOf(n % 200)));
    },
  },
  'half a request line': {
    server: 'sniffs',
    sent: '1000 connections, each with 4 KiB of a request line',
    boundBytes: 64 * MIB,
    async run(connect, until) {
      const line = Buffer.from(`GET /${'a'.repeat(4 * KIB)}`);
      for (const peer of many(1000, () => connect(true))) await peer.send(line);
      while (performance.now() < until()) await elapsed(50);
    },
  },
  'a rapid reset': {
    server: 'echo',
    sent: 'streams that are opened and reset at once, a new session for each that is ended',
    isCpu: true,
    async run(connect, until) {
      while (performance.now() < until()) {
        const peer = connect(true);
        let at = 0;
        await flood(peer, until, () =>
          batch(100, () => Buffer.concat([frame('open', idOf(at)), frame('reset', idOf(at++), { code: 0 })])),
        );
        peer.leave();
      }
    },
  },
  'pings, and no answer is read': {
    server: 'echo',
    sent: 'pings',
    isCpu: true,
    async run(connect, until) {
      const peer = connect(false);
      await flood(peer, until, () => batch(500, (value) => frame('ping', 0, { value })));
    },
  },
  'a byte at a time': {
    server: 'echo',
    sent: 'frames of one byte, a new session for each that is ended',
    isCpu: true,
    async run(connect, until) {
      while (performance.now() < until()) {
        const peer = connect(true);
        await peer.send(frame('open', 1));
        await flood(peer, until, () => batch(500, () => data(1, 1)));
        peer.leave();
      }
    },
  },
  'GoAways with falling ids': {
    server: 'echo',
    sent: 'GoAways, a new session for each that is ended',
    isCpu: true,
    async run(connect, until) {
      while (performance.now() < until()) {
        const peer = connect(true);
        await flood(peer, until, () =>
          batch(100, () => frame('goAway', 0, { lastId: 0, code: 0, debug: new Uint8Array(0) })),
        );
        peer.leave();
      }
    },
  },
};

/** Carries an attack out, for so long; gives what was sent. */
export async function carryOut({ run }, port, seconds) {
  const peers = [];
  const end = performance.now() + seconds * 1000;
  const connectTo = (reads) => {
    const peer = new Peer(port, reads);
    peers.push(peer);
    return peer;
  };
  await run(connectTo, () => end);
  return {
    sentBytes: peers.reduce((sum, { sentBytes }) => sum + sentBytes, 0),
    ended: peers.filter(({ isOver }) => isOver).length,
    connections: peers.length,
    leave: () => peers.forEach((peer) => peer.leave()),
  };
}
