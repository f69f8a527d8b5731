import type { Frame } from '../../src/wire/frame.js';
import { bare, control, goAway, streamed, twinOf, type Head } from './twin.js';

function read(header: DataView): Head | 'bad' {
  const length = Math.floor(header.getUint32(0) / 256);
  const type = Math.floor(header.getUint8(3) / 16);
  const flags = header.getUint8(3) % 16;
  const id = header.getUint32(4) % 2 ** 31;
  if (type > 3) return { bodyBytes: length, tell: () => [{ kind: 'unknown', type, length }] };
  if (type === 3) return id === 0 && length >= 8 ? control(length, goAway) : 'bad';
  if (id === 0) return 'bad';
  if (type === 1) {
    const opens: Frame[] = Math.floor(flags / 2) % 2 === 1 ? [{ kind: 'open', id, credit: 0 }] : [];
    const ends: Frame[] = flags % 2 === 1 ? [{ kind: 'end', id }] : [];
    return streamed(id, length, opens, ends);
  }
  if (length !== 4) return 'bad';
  return control(4, (body) => {
    const value = body.getUint32(0);
    return type === 0 ? { kind: 'reset', id, code: value } : { kind: 'credit', id, increment: value % 2 ** 31 };
  });
}

export const muxado2Twin = twinOf(8, () => {
  let isAfterGoAway = false;
  return (header) => {
    const head = read(header);
    const type = Math.floor(header.getUint8(3) / 16);
    const isText = isAfterGoAway && (head === 'bad' || type > 3);
    isAfterGoAway = type === 3 && !isText;
    return isText ? bare() : head;
  };
});
