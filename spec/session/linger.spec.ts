import { describe, expect, test } from '@jest/globals';
import { LINGER_BYTES } from '../../src/conn/linger.js';
import type { Conn } from '../../src/conn/conn.js';
import { session, type Session } from '../../src/session/session.js';
import { memoryPipe } from '../../src/testing/memory-pipe.js';
import { bytesOf } from './abuse/hostile.js';
import { Clock, CODECS, turn } from './session-ends.js';

const PAYLOAD_BYTES = 32_768;

const ENDS: Readonly<Record<string, (s: Session) => void>> = {
  'goAway()': (s) => s.goAway(),
  'close()': (s) => s.close(),
  'error()': (s) => s.error(new Error('ended on purpose')),
};

/** True once the connection is gone, and not only ended at one side. */
const isGone = (conn: Conn): boolean => {
  let gone = false;
  conn.closed$.subscribe(() => (gone = true)).unsubscribe();
  return gone;
};

describe.each(CODECS)('a session of %s', (_name, codec) => {
  test.each(Object.keys(ENDS))(
    'drops 16 MiB of a peer that goes on behind %s, and then its connection',
    async (way) => {
      const [far, conn] = memoryPipe({ capacityBytes: Infinity });
      far.subscribe({ error: () => undefined });
      const s = session(conn, { codec, role: 'server', keepAlive: false, scheduler: new Clock() });
      ENDS[way]?.(s);
      await turn();
      const id = codec.traits.firstId.client;
      const frame = bytesOf(codec, { kind: 'data', id, bytes: new Uint8Array(PAYLOAD_BYTES) });
      for (let left = LINGER_BYTES; left >= frame.length; left -= frame.length) far.next(frame);
      await turn();
      expect(isGone(conn)).toBe(false);
      far.next(frame);
      await turn();
      expect(isGone(conn)).toBe(true);
    },
  );
});
