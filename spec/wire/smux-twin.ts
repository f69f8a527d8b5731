import { bare, control, streamed, twinOf, type Twin } from './twin.js';

export const smuxTwin = (version: 1 | 2): Twin =>
  twinOf(8, () => (header) => {
    const length = header.getUint16(2, true);
    const id = header.getUint32(4, true);
    if (header.getUint8(0) !== version) return 'bad';
    const command = header.getUint8(1);
    if (command === 2) return streamed(id, length, [], []);
    if (command === 4) {
      if (length !== 8) return 'bad';
      if (version === 1) return { bodyBytes: 8, tell: () => [{ kind: 'unknown', type: 4, length: 8 }] };
      return control(8, (body) => ({
        kind: 'credit',
        id,
        increment: 0,
        consumed: body.getUint32(0, true),
        window: body.getUint32(4, true),
      }));
    }
    if (length > 0) return 'bad';
    switch (command) {
      case 0:
        return bare({ kind: 'open', id, credit: 0 });
      case 1:
        return bare({ kind: 'end', id });
      case 3:
        return bare({ kind: 'ping', value: 0 });
      default:
        return 'bad';
    }
  });
