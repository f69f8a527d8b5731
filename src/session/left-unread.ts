import type { MuxError } from '../errors.js';
import type { ReceiveBudget } from '../flow/receive-budget.js';
import type { ReceiveWindow } from '../flow/window.js';

/** The state that decides whether the bytes of a stream outlive it. */
interface Ended {
  /** The peer's FIN has come. */
  readonly remoteEnded: boolean;
  /** It waits in `accept$` for a subscriber. */
  readonly isWaiting: boolean;
  readonly bytesRead: number;
}

interface Rules {
  readonly unreadOnReset: 'deliver' | 'drop';
  readonly budget: ReceiveBudget;
}

/**
 * The fate of the bytes that arrived on a stream before `error` ended it. `'kept'`: their reader gets them, then FIN or the error.
 * `'lost'`: the reader gets them only if FIN had come. `'dropped'`: no reader gets them.
 *
 * The end of the session takes nothing back, unless we aborted the session; neither does a reset behind the peer's FIN. Any other reset of
 * the peer goes by `unreadOnReset`. A stream that waits to be accepted outlives only the end of its session, and only with something
 * to read. Once the budget of the process is used up, the end of a session drops all of it: a peer could fill one session after the other.
 */
export function unreadAfter(
  { code, initiator, scope }: MuxError,
  { remoteEnded, isWaiting, bytesRead }: Ended,
  { unreadOnReset, budget }: Rules,
): 'kept' | 'lost' | 'dropped' {
  const isOfSession = scope === 'session';
  if (isOfSession && budget.usedBytes >= budget.maxBytes) return 'dropped';
  // There was no room for it.
  if (code === 'ERR_MUX_OVERFLOW' && initiator === 'library') return 'dropped';
  if (code === 'ERR_MUX_ABORT') return 'lost';
  if (isWaiting) return isOfSession && (remoteEnded || bytesRead > 0) ? 'kept' : 'lost';
  if (isOfSession || (remoteEnded && initiator !== 'local')) return 'kept';
  return unreadOnReset === 'deliver' && code === 'ERR_MUX_RESET' && initiator === 'remote' ? 'kept' : 'lost';
}

/** The session that unread bytes count for. */
interface Owner {
  readonly shared: ReceiveBudget;
  giveBack(bytes: number): void;
}

/** The unread bytes of a stream that is over, without a reference to the stream or its session. */
interface Left {
  readonly owner: WeakRef<Owner>;
  readonly budget: ReceiveBudget;
  bytes: number;
}

const collected = new FinalizationRegistry<Left>(({ owner, budget, bytes }) => {
  const session = owner.deref();
  if (session === undefined) budget.usedBytes -= bytes;
  else session.giveBack(bytes);
});

/** Bytes of a stream that is over count until they are read, or until the stream is collected. */
export function rememberUnread(stream: { readonly window: ReceiveWindow }, owner: Owner): void {
  const left: Left = { owner: new WeakRef(owner), budget: owner.shared, bytes: stream.window.arrivedBytes };
  stream.window.left = left;
  collected.register(stream, left);
}
