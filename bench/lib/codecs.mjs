import { muxado, smux, yamux } from '../../dist/index.js';

/** Every protocol of a session, by the name that a process of the benchmark is told; the command's own list is no part of the package. */
export const CODECS = {
  muxado1: muxado({ version: 1 }),
  muxado2: muxado(),
  yamux: yamux(),
  smux1: smux({ version: 1 }),
  smux2: smux({ version: 2 }),
};
