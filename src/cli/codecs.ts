import type { Codec } from '../wire/codec.js';
import { muxado, smux, yamux } from '../wire/index.js';

/** Every session protocol by the name it has on the command line and in the demo. */
export const codecs = {
  muxado1: muxado({ version: 1 }),
  muxado2: muxado(),
  yamux: yamux(),
  smux1: smux({ version: 1 }),
  smux2: smux({ version: 2 }),
} satisfies Readonly<Record<string, Codec>>;

/** Name of a session protocol. */
export type CodecName = keyof typeof codecs;
