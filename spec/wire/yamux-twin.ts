import { NO_LAST_ID, type Frame } from '../../src/wire/frame.js';
import { bare, streamed, twinOf } from './twin.js';

export const yamuxTwin = twinOf(12, () => (header) => {
  const [version, type] = [header.getUint8(0), header.getUint8(1)];
  const flags = header.getUint16(2) % 16;
  const id = header.getUint32(4);
  const length = header.getUint32(8);
  if (version !== 0 || type > 3) return 'bad';
  const [isSyn = false, isAck = false, isFin = false, isRst = false] = [1, 2, 4, 8].map(
    (flag) => Math.floor(flags / flag) % 2 === 1,
  );
  if (type === 3) return bare({ kind: 'goAway', lastId: NO_LAST_ID, code: length, debug: new Uint8Array(0) });
  if (type === 2) return bare({ kind: isSyn ? 'ping' : 'pong', value: length });
  if (id === 0 && isSyn) return 'bad';
  const granted = type === 1 && !isRst ? length : 0;
  const first: Frame[] = isSyn || isAck ? [{ kind: isSyn ? 'open' : 'accept', id, credit: granted }] : [];
  const last: Frame[] = isFin ? [{ kind: 'end', id }] : [];
  if (isRst) last.splice(0, 1, { kind: 'reset', id, code: type === 1 ? length : 0 });
  if (type === 0) return streamed(id, length, first, last);
  const credit: Frame = { kind: 'credit', id, increment: length };
  const isGrant = first.length === 0 && !isRst && (length > 0 || !isFin);
  return bare(...first, ...(isGrant ? [credit] : []), ...last);
});
