import { createHash } from 'node:crypto';
import { once } from 'node:events';

/** What a stream of the Go program asks for in its first nine bytes; `spec/interop/go/muxpeer/serve.go` has the rules. */
export const KINDS = { echo: 0x45, sink: 0x53, hash: 0x48, reset: 0x52, goAway: 0x51 };
const HEADER_BYTES = 9;

/** The first bytes of a stream. */
export function header(kind, n = 0) {
  const bytes = Buffer.alloc(HEADER_BYTES, KINDS[kind]);
  bytes.writeBigUInt64BE(BigInt(n), 1);
  return bytes;
}

/** Does what a stream of the other end asks for. Fulfilled when it is over, however that was. */
export async function answer(stream) {
  const duplex = stream.duplex();
  duplex.on('error', () => {});
  try {
    const head = await readExactly(duplex, HEADER_BYTES);
    if (head === undefined) return;
    await ANSWERS[head[0]](duplex, Number(head.readBigUInt64BE(1)));
  } catch {
    duplex.destroy();
  }
}

const ANSWERS = {
  [KINDS.echo]: async (duplex) => {
    const over = new AbortController();
    duplex.once('close', () => over.abort());
    for await (const chunk of duplex.iterator({ destroyOnReturn: false }))
      if (!duplex.write(chunk)) await once(duplex, 'drain', { signal: over.signal });
    duplex.end();
  },
  [KINDS.sink]: async (duplex, n) => {
    let left = n;
    for await (const chunk of duplex.iterator({ destroyOnReturn: false })) if ((left -= chunk.length) <= 0) break;
    duplex.end(Buffer.of(1));
    duplex.resume();
  },
  [KINDS.hash]: async (duplex) => {
    const hash = createHash('sha256');
    for await (const chunk of duplex.iterator({ destroyOnReturn: false })) hash.update(chunk);
    duplex.end(hash.digest('hex'));
  },
};

/** That many bytes; undefined where the stream ends before. */
async function readExactly(duplex, size) {
  let bytes = Buffer.alloc(0);
  for await (const chunk of duplex.iterator({ destroyOnReturn: false })) {
    bytes = Buffer.concat([bytes, chunk]);
    if (bytes.length < size) continue;
    if (bytes.length > size) duplex.unshift(bytes.subarray(size));
    return bytes.subarray(0, size);
  }
  return undefined;
}
