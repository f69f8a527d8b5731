import { MuxError, SessionClosedError, type Initiator } from '../errors.js';

/** How a session ended. */
export interface SessionClosed {
  /** Why it ended early. Absent after an orderly end. */
  readonly error?: MuxError;
  /** Whose act it was. */
  readonly initiator: Initiator;
  /** The peer's reason, as its number on the wire; absent when it sent no GoAway. */
  readonly remoteCode?: number;
  /** The peer's text for people, which may say anything; absent when it sent no GoAway. */
  readonly remoteDebug?: string;
}

/** The error of streams that an orderly end of the session cut off. */
export function closedError(initiator: Initiator): MuxError {
  return new SessionClosedError('ERR_MUX_CLOSED', 'the session is closed', { scope: 'session', initiator });
}

/**
 * The error of streams that come after a GoAway, or that it leaves out: the peer has not processed them.
 * @param wireCode - the peer's reason; left out for a GoAway of ours
 */
export function goneAwayError(text: string, wireCode?: number): MuxError {
  const initiator = wireCode === undefined ? 'local' : 'remote';
  return new SessionClosedError('ERR_MUX_GOAWAY', text, { scope: 'session', initiator, wireCode, retryable: true });
}

/** The same for a stream that the peer never got: it is safe to open it on another session. */
export function neverOpened(error: MuxError): MuxError {
  const { code, initiator, wireCode } = error;
  const text = error.message.replace(`[${code}] `, '');
  return new SessionClosedError(code, text, { scope: 'session', initiator, wireCode, retryable: true, cause: error });
}

/**
 * The end of a session whose peer had sent a GoAway.
 * @param cause - how the connection was lost afterwards; left out if the peer ended it in order
 */
export function endedByPeer(code: number, cause?: MuxError): MuxError {
  const facts = { scope: 'session', initiator: 'remote', wireCode: code, cause } as const;
  return new SessionClosedError('ERR_MUX_GOAWAY', `the peer ended the session with code ${code}`, facts);
}
