import { readerContract } from '../conformance/reader-contract.js';
import { sessionContract } from '../conformance/session-contract.js';
import { sessionLimitsContract } from '../conformance/session-limits-contract.js';
import { streamContract } from '../conformance/stream-contract.js';
import { CODECS } from './session-ends.js';

for (const [name, codec] of CODECS) {
  sessionContract(name, codec);
  sessionLimitsContract(name, codec);
  streamContract(name, codec);
  readerContract(name, codec);
}
