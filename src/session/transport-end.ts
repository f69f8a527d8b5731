import { MuxError } from '../errors.js';
import type { Codec, Decoder } from '../wire/codec.js';
import { endedByPeer } from './session-closed.js';
import type { StreamTable } from './stream-table.js';

/** What the peer's FIN says about a session that this end has not ended; undefined for an orderly end. */
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

/** What the loss of the connection says: the peer's reason where it had told one. */
export function lossError(goAwayCode: number | undefined, cause: MuxError): MuxError {
  return goAwayCode === undefined ? lost('early', cause) : endedByPeer(goAwayCode, cause);
}

function lost(when: string, cause?: MuxError): MuxError {
  const facts = { scope: 'session', initiator: 'remote', cause } as const;
  return new MuxError('ERR_MUX_TRANSPORT', `the connection ended ${when}`, facts);
}
