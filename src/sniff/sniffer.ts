import type { Conn } from '../conn/conn.js';
import { SniffError, type ErrorCode, type MuxError } from '../errors.js';
import { Deadlines } from './deadlines.js';
import { closeBehind } from './close-behind.js';
import type { Holder } from './feed.js';
import type { MatcherSet } from './matcher-set.js';
import type { SniffSettings } from './options.js';
import type { RejectReason } from './outcome.js';
import { Sniffing, type Finding, type Verdicts } from './sniffing.js';

const REJECTED: Readonly<Record<RejectReason, readonly [ErrorCode, string]>> = {
  noMatch: ['ERR_MUX_NO_MATCH', 'no matcher wants these bytes'],
  unreadable: ['ERR_MUX_NO_MATCH', 'a matcher could not read what it looks for'],
  timeout: ['ERR_MUX_SNIFF_TIMEOUT', 'undecided at the deadline'],
  eof: ['ERR_MUX_NO_MATCH', 'the client ended before its protocol was known'],
  overflow: [
    'ERR_MUX_SNIFF_LIMIT',
    'undecided at the limit of bytes to look at (maxBytes, or the budget), or of connections (maxUndecided)',
  ],
  abort: ['ERR_MUX_ABORT', 'the client left before its protocol was known'],
  error: ['ERR_MUX_ABORT', 'the connection failed before its protocol was known'],
  unclaimed: ['ERR_MUX_UNCLAIMED', 'nobody subscribes to its protocol'],
};

/** Where decided connections go: true when a subscriber took it. */
export type Route = (conn: Conn, found: Finding) => boolean;

/** Looks at connections until each is decided or turned away; the part that `sniff` and `partitionByProtocol` share. */
export class Sniffer implements Verdicts, Holder {
  readonly #undecided: Deadlines<Sniffing>;
  readonly #route: Route;
  #drained: (() => void) | undefined;

  constructor(
    readonly matchers: MatcherSet,
    readonly settings: SniffSettings,
    route: Route,
  ) {
    this.#undecided = new Deadlines(settings.timeoutMs, settings.scheduler);
    this.#route = route;
  }

  add(conn: Conn): void {
    const { counters, maxUndecided } = this.settings;
    if (this.#undecided.size >= maxUndecided) this.#undecided.oldest?.makeRoom();
    counters.accepted++;
    counters.undecided++;
    const sniffing = new Sniffing(conn, this);
    this.#undecided.add(sniffing);
    sniffing.start();
  }

  /** Calls back when no connection is undecided any more. */
  whenDrained(callback: () => void): void {
    if (this.#undecided.size === 0) callback();
    else this.#drained = callback;
  }

  /** Ends every undecided connection now; those already handed on live. */
  stop(): void {
    this.#drained = undefined;
    for (const sniffing of this.#undecided.stop()) sniffing.stop();
  }

  leave(sniffing: Sniffing): void {
    this.#undecided.remove(sniffing);
    this.settings.counters.undecided--;
  }

  decide(sniffing: Sniffing, found: Finding): void {
    const { conn, startedAt, received } = sniffing;
    const { counters, decided, scheduler } = this.settings;
    conn._identify(found.protocol, found.meta);
    if (decided !== undefined) {
      const afterMs = scheduler.now() - startedAt;
      decided.next({ conn, protocol: found.protocol, reason: found.reason, bytes: received.length, afterMs });
    }
    if (this.#route(conn, found)) counters.matched++;
    else this.#turnAway(sniffing, 'unclaimed', undefined);
    this.#checkDrained();
  }

  abort({ conn }: Sniffing): void {
    this.settings.counters.aborted++;
    conn._destroy(undefined, false);
    this.#checkDrained();
  }

  reject(sniffing: Sniffing, reason: RejectReason, cause: MuxError | undefined): void {
    this.#turnAway(sniffing, reason, cause);
    this.#checkDrained();
  }

  #turnAway(sniffing: Sniffing, reason: RejectReason, cause: MuxError | undefined): void {
    const { conn, startedAt, received } = sniffing;
    const { counters, rejected, scheduler } = this.settings;
    counters.rejected++;
    const [code, text] = REJECTED[reason];
    const about = reason === 'unclaimed' ? `${text} '${conn.protocol}'` : `${text}, after ${received.length} bytes`;
    const error = new SniffError(code, `connection ${conn.id}: ${about}`, { cause });
    const answer = reason === 'overflow' ? sniffing.tooLongAnswer() : undefined;
    if (answer === undefined) conn._destroy(error, false);
    else closeBehind(conn, answer, error, scheduler);
    rejected?.next({ conn, reason, error, bytes: received, afterMs: scheduler.now() - startedAt });
  }

  #checkDrained(): void {
    if (this.#undecided.size === 0) this.#drained?.();
  }
}
