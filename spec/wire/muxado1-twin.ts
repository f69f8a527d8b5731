import type { Frame } from '../../src/wire/frame.js';
import { control, goAway, streamed, twinOf } from './twin.js';

export const muxado1Twin = twinOf(8, () => (header) => {
  const length = header.getUint16(0) % 2 ** 14;
  const flags = header.getUint8(2);
  const type = header.getUint8(3) % 32;
  const id = header.getUint32(4) % 2 ** 31;
  const ends: Frame[] = flags % 2 === 1 ? [{ kind: 'end', id }] : [];
  const isPrior = Math.floor(flags / 2) % 2 === 1;
  const isTyped = Math.floor(flags / 4) % 2 === 1;
  if (type === 6) return length < 8 ? 'bad' : control(length > 15 ? 8 : length, goAway);
  switch (type) {
    case 1:
      if (length !== 4 * Number(isPrior) + 4 * Number(isTyped)) return 'bad';
      return {
        bodyBytes: length,
        tell: (body, isWhole) => {
          if (!isWhole) return [];
          const priority = isPrior ? { priority: body.getUint32(0) % 2 ** 31 } : {};
          const streamType = isTyped ? { type: body.getUint32(length - 4) } : {};
          return [{ kind: 'open', id, credit: 0, ...streamType, ...priority }, ...ends];
        },
      };
    case 2:
      return length === 4 ? control(4, (body) => ({ kind: 'reset', id, code: body.getUint32(0) })) : 'bad';
    case 3:
      return streamed(id, length, [], ends);
    case 4:
      if (length !== 4) return 'bad';
      return control(4, (body) => ({ kind: 'credit', id, increment: body.getUint32(0) % 2 ** 31 }));
    default:
      return 'bad';
  }
});
