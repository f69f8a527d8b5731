import { once } from 'node:events';
import { Duplex } from 'node:stream';
import type { Conn } from '../../src/conn/conn.js';

/** Writes a block, and is over when its buffer may be used again. */
export type WriteBlock = (block: Uint8Array) => Promise<unknown>;

// What the test ends it by is no failure.
const duplexOf = (conn: Conn): Duplex => conn.duplex().on('error', () => undefined);

/** Every way to write that says when it is done with a buffer. */
export const REUSING_WAYS: readonly (readonly [name: string, begin: (conn: Conn) => WriteBlock])[] = [
  [
    'the callback of duplex().write',
    (conn) => {
      const duplex = duplexOf(conn);
      return (block) =>
        new Promise((resolve) => {
          duplex.write(block, resolve);
        });
    },
  ],
  [
    'the last callback of a corked duplex()',
    (conn) => {
      const duplex = duplexOf(conn);
      return (block) =>
        new Promise((resolve) => {
          const third = Math.ceil(block.length / 3);
          duplex.cork();
          duplex.write(block.subarray(0, third));
          duplex.write(block.subarray(third, 2 * third));
          duplex.write(block.subarray(2 * third));
          duplex.write(new Uint8Array(0), resolve);
          duplex.uncork();
        });
    },
  ],
  [
    "'drain' of duplex()",
    (conn) => {
      const duplex = duplexOf(conn);
      return async (block) => {
        if (!duplex.write(block)) await once(duplex, 'drain');
      };
    },
  ],
  [
    'Duplex.toWeb of duplex()',
    (conn) => {
      const writer = (Duplex.toWeb(duplexOf(conn)).writable as WritableStream<Uint8Array>).getWriter();
      return (block) => writer.write(block);
    },
  ],
  [
    'the promise of writable',
    (conn) => {
      const writer = conn.writable.getWriter();
      return (block) => writer.write(block);
    },
  ],
];
