import { MuxError } from '../errors.js';
import type { Codec, Decoder } from '../wire/codec.js';
import { endedByPeer } from './session-closed.js';
import type { StreamTable } from './stream-table.js';

/** The error of a session that the peer's FIN ended before us; undefined for an orderly end. */
export function finError(
  goAwayCode: number | undefined,
  { table, codec }: { readonly table: StreamTable; readonly codec: Codec },
  { isMidFrame }: Decoder,
): MuxError | undefined {
  if (goAwayCode !== undefined) return endedByPeer(goAwayCode);
  if (isMidFrame) return lost('in the middle of a frame');
  if (table.streams.size > 0) return lost(`with streams open: ${table.streams.size}`);
  // A process that is killed ends its connection like this, and so does a proxy that cuts an idle one.
  return codec.traits.goAway === 'none' ? undefined : lost('without a GoAway');
}

/** The error of a lost connection: the peer's reason if it had sent one. */
export function lossError(goAwayCode: number | undefined, cause: MuxError): MuxError {
  return goAwayCode === undefined ? lost('early', cause) : endedByPeer(goAwayCode, cause);
}

function lost(when: string, cause?: MuxError): MuxError {
  const facts = { scope: 'session', initiator: 'remote', cause } as const;
  return new MuxError('ERR_MUX_TRANSPORT', `the connection ended ${when}`, facts);
}
