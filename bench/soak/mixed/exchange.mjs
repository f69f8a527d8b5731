import { createHash } from 'node:crypto';
import { setTimeout as elapsed } from 'node:timers/promises';
import { Content } from '../content.mjs';

const MOST_BYTES = 200_000;
const MOST_PAUSES = 10;
const SILENCE_MS = 30_000;

/**
 * Sends bytes over a new stream of a client and reads them back; gives how many came, and what was wrong. A stream of a
 * connection that was disturbed may end early, but not with other bytes, and not never.
 */
export async function exchange(client, random, state) {
  const size = random.logarithmic(1, MOST_BYTES);
  const content = new Content(Buffer.of(0), random.whole(0, 1 << 20), size);
  let pauses = random.chance(0.15) ? MOST_PAUSES : 0;
  const hash = createHash('sha256');
  let bytes = 0;
  let silence;
  const outcome = await new Promise((resolve) => {
    const heard = () => {
      clearTimeout(silence);
      silence = setTimeout(resolve, SILENCE_MS, { isHung: true });
    };
    const fail = (error) => resolve({ error });
    const read = async (source) => {
      source.on('error', fail);
      source.once('close', () => setImmediate(resolve, { isClosed: true }));
      try {
        for await (const chunk of source.iterator?.({ destroyOnReturn: false }) ?? source) {
          heard();
          hash.update(chunk);
          bytes += chunk.length;
          if (bytes >= content.size && client.closesBoth) break;
          if (pauses-- > 0) await elapsed(random.whole(1, 20));
        }
        resolve({ isEnd: true });
      } catch (error) {
        fail(error);
      }
    };
    heard();
    // A request on a connection that closed before it was made tells nothing in Node.
    void state.closed?.then(() => resolve({ isClosed: true }));
    const stream = client.open((source) => void read(source), fail);
    stream.once('close', () => setImmediate(resolve, { isClosed: true }));
    const chunks = content.chunks();
    const pump = () => {
      for (let { done, value } = chunks.next(); !done; { done, value } = chunks.next()) {
        if (stream.destroyed) return;
        if (!stream.write(value)) {
          stream.once('drain', pump);
          return;
        }
      }
      if (!client.closesBoth) stream.end();
    };
    pump();
  });
  clearTimeout(silence);
  return { bytes, fault: faultOf({ bytes, hash, content, outcome, isDisturbed: state.isDisturbed }) };
}

function faultOf({ bytes, hash, content, outcome, isDisturbed }) {
  const part = `${bytes} of ${content.size} bytes`;
  if (bytes > content.size) return `${part}: too many`;
  if (hash.digest('hex') !== content.sha256(bytes)) return `${part}: other bytes`;
  if (outcome.isHung) return `${part}: hung${isDisturbed ? ' after its connection was cut' : ''}`;
  if (isDisturbed || bytes === content.size) return undefined;
  return `${part}: ${outcome.error?.message ?? 'an early end'}, and nobody did anything to it`;
}
