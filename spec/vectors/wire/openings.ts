import type { Codec } from '../../../src/wire/codec.js';
import { muxado, smux, yamux } from '../../../src/wire/index.js';
import type { Flight } from '../../conformance/matcher-contract.js';
import { muxado1Vectors } from './muxado1.js';
import { muxado2Vectors } from './muxado2.js';
import { smux1Vectors, smux2Vectors } from './smux.js';
import { yamuxVectors } from './yamux.js';

/** Every codec, with what its clients begin with. */
export const wireOpenings: readonly { readonly codec: Codec; readonly flights: readonly Flight[] }[] = [
  { codec: muxado({ version: 1 }), flights: muxado1Vectors.openings },
  { codec: muxado(), flights: muxado2Vectors.openings },
  { codec: yamux(), flights: yamuxVectors.openings },
  { codec: smux({ version: 1 }), flights: smux1Vectors.openings },
  { codec: smux({ version: 2 }), flights: smux2Vectors.openings },
];
