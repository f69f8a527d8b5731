// What each kind of abuse costs, as a table for docs/abuse.md: `npm run build && node spec/session/abuse/measure.mjs`.
// Every case runs in a process of its own.
import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { VirtualAction, VirtualTimeScheduler } from 'rxjs';

const dist = new URL('../../../dist/modules/', import.meta.url); // what it looks into is no part of the package
if (!existsSync(new URL('index.js', dist))) {
  console.error('dist/ is missing: run `npm run build` first');
  process.exit(1);
}
const { muxado, session, smux, yamux } = await import(new URL('index.js', dist).href);
const { memoryPipe } = await import(new URL('testing/index.js', dist).href);
const { encodeFrame } = await import(new URL('wire/encode-frame.js', dist).href);
const { statsOf } = await import(new URL('session/stats.js', dist).href);

const KIB = 1024;
const body = new Uint8Array(64 * KIB);
const MILLION = 1_000_000;
const WARM_UP = 20_000;
const muxado1 = muxado({ version: 1 });
const muxado2 = muxado();
const typed = muxado({ typed: true });
const nothing = { increment: 0, consumed: 0, window: 0 };
const noText = new Uint8Array(0);

/** How one kind of abuse is carried out: `frames` gives the bytes of the n-th act, `count` of them are tried. */
const CASES = {
  '39: 4 GiB announced on an open stream': {
    codec: yamux(),
    before: [{ kind: 'open', id: 1 }],
    frames: () => Buffer.from('0000000000000001ffffffff', 'hex'),
    count: 1,
  },
  '39: 4 GiB announced on an unknown stream, 64 MB of it sent': {
    codec: yamux(),
    first: Buffer.from('0000000000000007ffffffff', 'hex'),
    frames: () => body,
    count: 1000,
    batch: 1,
  },
  '40: 16 MB announced on a window of 256 KiB, and sent': {
    codec: muxado2,
    before: [{ kind: 'open', id: 3 }],
    first: Buffer.from('ffffff1000000003', 'hex'),
    frames: () => body,
    count: 255,
    batch: 1,
  },
  '42: open and reset': {
    codec: yamux(),
    accepts: true,
    frames: (n) => [
      { kind: 'open', id: 1 + 2 * n },
      { kind: 'reset', id: 1 + 2 * n, code: 0 },
    ],
    count: MILLION,
    batch: 100,
  },
  '43: open, end, and more data': {
    codec: muxado2,
    accepts: true,
    frames: (n) => [
      { kind: 'open', id: 3 + 2 * n },
      { kind: 'end', id: 3 + 2 * n },
      { kind: 'data', id: 3 + 2 * n, bytes: new Uint8Array(8) },
    ],
    count: 100_000,
    batch: 100,
  },
  '44: open, accept$ without a subscriber': {
    codec: yamux(),
    frames: (n) => [{ kind: 'open', id: 1 + 2 * n }],
    count: MILLION,
  },
  '44: open, accept$ with a subscriber': {
    codec: yamux(),
    accepts: true,
    frames: (n) => [{ kind: 'open', id: 1 + 2 * n }],
    count: MILLION,
  },
  '44: streams for heartbeats': {
    codec: muxado1,
    openRate: { burst: MILLION, perSecond: 0 },
    frames: (n) => [{ kind: 'open', id: 3 + 2 * n, type: 0xffff_feff }],
    count: MILLION,
  },
  '45: open and data after our GoAway': {
    codec: yamux(),
    before: [{ kind: 'open', id: 1 }],
    prepare: (victim) => victim.goAway(),
    frames: (n) => [
      { kind: 'open', id: 3 + 2 * n },
      { kind: 'data', id: 3 + 2 * n, bytes: new Uint8Array(100) },
    ],
    count: 99_000,
  },
  '46: pings, and no answer is read': {
    codec: yamux(),
    reads: false,
    frames: (n) => [{ kind: 'ping', value: n }],
    count: 200_000,
    batch: 1000,
  },
  '47: empty data': of(yamux(), { kind: 'data', id: 1, bytes: noText }),
  '47: a byte at a time': of(smux(), { kind: 'data', id: 3, bytes: new Uint8Array(1) }),
  '47: credit of nothing': of(muxado2, { kind: 'credit', id: 3, ...nothing }),
  '47: credit of a byte': of(muxado2, { kind: 'credit', id: 3, increment: 1 }),
  '47: pings': of(yamux(), { kind: 'ping', value: 7 }),
  '47: unknown types': {
    codec: muxado2,
    frames: () => Buffer.from('0000007000000003', 'hex'),
    count: MILLION,
  },
  '47: ends of streams that never were': of(yamux(), { kind: 'end', id: 9 }),
  '51: GoAways with falling ids, 1024 streams open': {
    codec: muxado1,
    role: 'client',
    prepare: (victim) => {
      for (let n = 0; n < 1024; n++) victim.open();
    },
    frames: (n) => [{ kind: 'goAway', lastId: 0x7fff_fff0 - n, code: 0, debug: noText }],
    count: MILLION,
  },
  '55: 100,000 streams with a byte of 64 KiB each (Uint8Array)': pinning(100_000, (bytes) => new Uint8Array(bytes)),
  '55: 10,000 streams with a byte of 64 KiB each (Buffer)': pinning(10_000, (bytes) => Buffer.alloc(bytes)),
  '55: a window of 256 KiB in frames of 8 bytes, unread': {
    codec: muxado2,
    accepts: true,
    before: [{ kind: 'open', id: 3 }],
    frames: () => [{ kind: 'data', id: 3, bytes: new Uint8Array(8) }],
    count: 32_768,
    batch: 1000,
  },
  '55: the same with stream types': {
    codec: typed,
    accepts: true,
    before: [
      { kind: 'open', id: 3 },
      { kind: 'data', id: 3, bytes: new Uint8Array(8) },
    ],
    frames: () => [{ kind: 'data', id: 3, bytes: new Uint8Array(8) }],
    count: 32_767,
    batch: 1000,
  },
};

/** The same frame a million times, on a stream that is open. */
function of(codec, frame) {
  const before = [{ kind: 'open', id: codec.traits.firstId.client }];
  return { codec, accepts: true, before, reading: true, frames: () => [frame], count: MILLION };
}

/** Chunks of which one byte is for a stream that nobody reads, and the rest for one that somebody does. */
function pinning(count, make) {
  return {
    codec: yamux(),
    accepts: true,
    reading: 'first',
    maxStreams: count + 1,
    openRate: { burst: count + 1, perSecond: 0 },
    before: Array.from({ length: count + 1 }, (_, n) => ({ kind: 'open', id: 1 + 2 * n })),
    frames: (n) => {
      const chunk = make(64 * KIB);
      const rest = chunk.length - 25;
      chunk.set([0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1]);
      new DataView(chunk.buffer, chunk.byteOffset).setUint32(4, 3 + 2 * n);
      chunk.set([0, 0, 0, 0, 0, 0, 0, 1, 0, 0, rest >> 8, rest & 0xff], 13);
      return chunk;
    },
    count,
    batch: 1,
  };
}

const turn = () => new Promise((resolve) => setImmediate(resolve));

async function memory() {
  for (let n = 0; n < 3; n++) {
    globalThis.gc();
    await turn();
  }
  const { heapUsed, arrayBuffers, rss } = process.memoryUsage();
  return { held: heapUsed + arrayBuffers, rss };
}

async function run({ codec, before = [], first, prepare, frames, count, batch = 10_000, reads = true, ...options }) {
  const { accepts, reading, ...sessionOptions } = options;
  const [peer, ours] = memoryPipe();
  const scheduler = new VirtualTimeScheduler(VirtualAction, 0);
  if (reads) peer.subscribe({ error: () => undefined });
  const victim = session(ours, { codec, role: 'server', keepAlive: false, scheduler, ...sessionOptions });
  const stats = () => statsOf(victim._life.core);
  let ended;
  victim.closed$.subscribe(({ error }) => (ended = error?.code ?? 'an orderly end'));
  let accepted = 0;
  const take = (stream) => {
    if (reading === true || (reading === 'first' && accepted++ === 0)) stream.subscribe({ error: () => undefined });
  };
  if (accepts) victim.accept$.subscribe(take);
  prepare?.(victim);
  const bytesOf = (each) =>
    each instanceof Uint8Array ? each : Buffer.concat(each.map((frame) => encodeFrame(codec, frame)));
  for (const frame of before) peer._write(encodeFrame(codec, frame));
  if (first !== undefined) peer._write(first);
  await turn();
  const start = await memory();
  const { framesRead } = stats();
  // A call of its own, so that nothing of it is alive when memory is measured.
  const act = (from) => {
    const parts = Array.from({ length: Math.min(batch, count - from) }, (_, n) => bytesOf(frames(from + n)));
    const chunk = batch === 1 ? parts[0] : Buffer.concat(parts);
    const cpu = process.cpuUsage();
    peer._write(chunk);
    const { user, system } = process.cpuUsage(cpu);
    return user + system;
  };
  let [micros, held] = [0, 0];
  for (let from = 0; from < count && ended === undefined; from += batch) {
    micros += act(from);
    held = Math.max(held, stats().heldBytes);
    if (from % 100_000 < batch) await turn();
  }
  const end = await memory();
  const read = stats().framesRead - framesRead;
  const result = {
    frames: read,
    ended: ended ?? (read === 0 ? 'drained' : 'goes on'),
    heldBytes: held,
    grownBytes: end.held - start.held - peer.bufferedBytes,
    rssBytes: end.rss - start.rss,
    microsPerFrame: read === 0 ? undefined : micros / read,
  };
  victim.error('enough');
  return result;
}

const kib = (bytes) => Math.round(bytes / KIB).toLocaleString('en');

const [, file, name] = process.argv;
if (name === undefined) {
  console.log('| case | frames read | then | unread, KiB | memory, KiB | RSS, KiB | CPU per frame, µs |');
  console.log('| --- | --: | --- | --: | --: | --: | --: |');
  for (const each of Object.keys(CASES)) {
    const out = execFileSync(process.execPath, ['--expose-gc', fileURLToPath(import.meta.url), each]);
    const { frames, ended, heldBytes, grownBytes, rssBytes, microsPerFrame } = JSON.parse(out);
    const cells = [frames.toLocaleString('en'), ended, kib(heldBytes), kib(grownBytes), kib(rssBytes)];
    console.log(`| ${each} | ${cells.join(' | ')} | ${microsPerFrame?.toFixed(2) ?? ''} |`);
  }
} else if (name in CASES) {
  const abuse = CASES[name];
  // Once before it counts, on a session of its own: what is measured is the session, not the compiler.
  await run({ ...abuse, count: Math.min(abuse.count, WARM_UP) });
  console.log(JSON.stringify(await run(abuse)));
} else throw new Error(`${file} knows no case '${name}'`);
