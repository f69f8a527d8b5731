// Searches for the frames that cost a session the most processor time for each byte that it reads: random sequences, repeated to a flood, of which the
// dearest are changed and tried again. `node bench/attack/frame-cost.mjs [SECONDS] [SEED]` after `npm run build` prints the dearest of each codec.
import { pathToFileURL } from 'node:url';

const FLOOD_BYTES = 131_072;
const CHUNK_BYTES = 16_384;
const MAX_FRAMES = 6;
const KEPT = 8;
const LENGTHS = [0, 1, 4, 7, 8, 16, 64, 1000];
const NUMBERS = [0, 1, 8, 64, 4096, 0x7fff_ffff];
const KINDS = ['open', 'data', 'end', 'reset', 'credit', 'ping', 'pong', 'goAway', 'accept'];
// Of which stream a frame is: one that is new, the last of those, the one before it, the first, one of ours, and one that never was.
const STREAMS = ['new', 'last', 'before', 'first', 'ours', 'none'];

/** The same numbers for the same seed: xorshift32. */
function randomOf(seed) {
  let state = seed || 1;
  return (below) => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) % below;
  };
}

const pick = (random, list) => list[random(list.length)];
const randomGene = (random) => ({
  kind: pick(random, KINDS),
  stream: pick(random, STREAMS),
  bytes: pick(random, LENGTHS),
  number: pick(random, NUMBERS),
});

/** One frame more, one less, or one changed. */
function mutated(random, genes) {
  const copy = genes.slice();
  const at = random(copy.length);
  const change = random(3);
  if (change === 0 && copy.length < MAX_FRAMES) copy.splice(at, 0, randomGene(random));
  else if (change === 1 && copy.length > 1) copy.splice(at, 1);
  else
    copy[at] = {
      ...copy[at],
      ...pick(
        random,
        Object.entries(randomGene(random)).map(([k, v]) => ({ [k]: v })),
      ),
    };
  return copy;
}

/** The bytes of a flood: the frames again and again, with ids that go on. */
function floodOf({ encodeFrame }, codec, genes) {
  const first = codec.traits.firstId.client;
  const parts = [encodeFrame(codec, { kind: 'open', id: first, type: -1 })];
  let newest = first;
  let bytes = parts[0].length;
  for (let round = 0; bytes < FLOOD_BYTES && round < FLOOD_BYTES; round++) {
    for (const { kind, stream, bytes: length, number } of genes) {
      if (kind === 'open' || stream === 'new') newest += 2;
      const id = {
        new: newest,
        last: newest,
        before: newest - 2,
        first,
        ours: codec.traits.firstId.server,
        none: 0xfff1,
      }[stream];
      const frame = {
        kind,
        id: kind === 'open' ? newest : id,
        bytes: new Uint8Array(length),
        increment: number,
        consumed: 0,
        window: number,
        code: 0,
        value: number,
        lastId: 0x7fff_ffff - round,
        credit: number,
        debug: new Uint8Array(0),
      };
      const encoded = encodeFrame(codec, frame);
      parts.push(encoded);
      bytes += encoded.length;
    }
  }
  return Buffer.concat(parts);
}

/** Microseconds of processor time for each byte that a server read before it ended the session, or all of them. */
async function costOf(rxmux, codec, flood) {
  const [raw, conn] = rxmux.memoryPipe({ capacityBytes: 1 << 28 });
  raw.subscribe({ next: () => undefined, error: () => undefined });
  const victim = rxmux.session(conn, { codec, role: 'server', keepAlive: false });
  let isOver = false;
  victim.closed$.subscribe(() => (isOver = true));
  victim.accept$.subscribe((stream) => {
    stream.subscribe({
      next: (bytes) => stream.next(bytes),
      complete: () => stream.complete(),
      error: () => undefined,
    });
  });
  // Of its own: replies to what waits at the first credit.
  victim.open({ eager: true }).subscribe({ error: () => undefined });
  let sent = 0;
  const before = process.cpuUsage();
  for (let at = 0; at < flood.length && !isOver; at += CHUNK_BYTES) {
    const chunk = flood.subarray(at, at + CHUNK_BYTES);
    raw.next(chunk);
    sent += chunk.length;
    await new Promise((resolve) => setImmediate(resolve));
  }
  const { user, system } = process.cpuUsage(before);
  // A session that ends early costs its end, and the peer a new connection: that is not a matter of frames.
  const isShort = sent < FLOOD_BYTES / 4;
  victim.abort?.();
  conn._destroy(undefined, false);
  return isShort ? 0 : (user + system) / sent;
}

/**
 * The dearest frames that were found for each codec.
 *
 * @param rxmux - `session`, `memoryPipe` and `encodeFrame` of the build that is looked at
 * @param codecs - by name
 * @param seconds - for all of them
 * @returns by name: microseconds a byte, the lowest of three runs, and the frames
 */
export async function searchFrameCost(rxmux, codecs, { seconds = 60, seed = 1 } = {}) {
  const found = [];
  for (const [name, codec] of Object.entries(codecs)) {
    const random = randomOf(seed);
    const until = performance.now() + (seconds * 1000) / Object.keys(codecs).length;
    let kept = [];
    let tried = 0;
    while (performance.now() < until || tried === 0) {
      const genes =
        kept.length < KEPT || random(4) === 0
          ? Array.from({ length: 1 + random(MAX_FRAMES) }, () => randomGene(random))
          : mutated(random, pick(random, kept).genes);
      const flood = floodOf(rxmux, codec, genes);
      tried++;
      let cost = await costOf(rxmux, codec, flood);
      // What the machine did meanwhile is none of its cost: the lowest of three counts.
      if (cost > (kept.at(-1)?.cost ?? 0))
        for (let n = 0; n < 2; n++) cost = Math.min(cost, await costOf(rxmux, codec, flood));
      kept.push({ cost, genes });
      kept = kept.sort((a, b) => b.cost - a.cost).slice(0, KEPT);
    }
    const [{ cost, genes }] = kept;
    found.push({ name, microsecondsPerByte: cost, tried, frames: genes });
  }
  return found;
}

if (process.argv[1] !== undefined && import.meta.url === pathToFileURL(process.argv[1]).href) {
  const modules = new URL('../../dist/modules/', import.meta.url);
  const load = (name) => import(new URL(name, modules).href);
  const [{ muxado, session, smux, yamux }, { memoryPipe }, { encodeFrame }] = await Promise.all(
    ['index.js', 'testing/index.js', 'wire/encode-frame.js'].map(load),
  );
  const codecs = {
    'muxado 1': muxado({ version: 1 }),
    'muxado 2': muxado(),
    'muxado 2 with types': muxado({ typed: true }),
    yamux: yamux(),
    'smux 1': smux(),
    'smux 2': smux({ version: 2 }),
  };
  const [seconds, seed] = process.argv.slice(2).map(Number);
  for (const { name, microsecondsPerByte, tried, frames } of await searchFrameCost(
    { encodeFrame, memoryPipe, session },
    codecs,
    { seconds, seed },
  ))
    console.log(
      `${name}: ${microsecondsPerByte.toFixed(2)} us a byte, of ${tried} sequences:`,
      frames
        .map(({ kind, stream, bytes, number }) => `${kind} ${stream} ${kind === 'data' ? bytes : number}`)
        .join(', '),
    );
}
