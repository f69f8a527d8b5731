import { sessionEndContract } from '../conformance/session-end-contract.js';
import { CODECS } from './session-ends.js';

for (const [name, codec] of CODECS) sessionEndContract(name, codec);
