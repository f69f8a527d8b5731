import type { NextObserver, SchedulerLike, Subscriber, TeardownLogic } from 'rxjs';
import type { Conn } from '../conn/conn.js';
import type { Freed, PeekHandler, Peeking } from '../conn/reading.js';
import { MuxError, type MuxErrorFacts } from '../errors.js';
import type { Deadlines, Due } from '../sniff/deadlines.js';
import { HeldBytes } from '../sniff/held-bytes.js';
import type { ProxyHeader } from './proxy-format.js';
import { parseProxyHeader } from './proxy-header.js';

/** A connection that was turned away for its PROXY header, or for having none. It is closed already. */
export interface ProxyRejection {
  /** The connection, with the addresses of the proxy. */
  readonly conn: Conn;
  /** `ERR_MUX_PROXY_HEADER`. */
  readonly error: MuxError;
}

/** What all arrivals at one `proxyProtocol` share. */
export interface ProxyGate {
  readonly isTrusted: (conn: Conn) => boolean;
  readonly isRequired: boolean;
  readonly timeoutMs: number;
  readonly maxBytes: number;
  readonly rejected: NextObserver<ProxyRejection> | undefined;
  readonly scheduler: SchedulerLike;
  readonly awaited: Deadlines<ProxyArrival>;
}

/**
 * One connection whose PROXY header is awaited; its subscriber gets the connection, or none.
 *
 *     header   -> trusted:  taken off and applied -> emitted          untrusted: rejected
 *     absent   -> optional: put back -> emitted                       required: rejected
 *     invalid, cut off, deadline -> rejected
 *     gone without a byte, or before it came here -> dropped
 */
export class ProxyArrival implements PeekHandler, Freed, Due {
  readonly dueAt: number;
  earlier: Due | undefined = undefined;
  later: Due | undefined = undefined;
  readonly #conn: Conn;
  readonly #gate: ProxyGate;
  readonly #subscriber: Subscriber<Conn>;
  readonly #held: HeldBytes;
  readonly #isTrusted: boolean;
  #peek: Peeking | undefined;

  constructor(conn: Conn, gate: ProxyGate, subscriber: Subscriber<Conn>) {
    this.#conn = conn;
    this.#gate = gate;
    this.#subscriber = subscriber;
    this.#held = new HeldBytes(conn);
    this.#isTrusted = gate.isTrusted(conn);
    this.dueAt = gate.scheduler.now() + gate.timeoutMs;
  }

  start(): TeardownLogic {
    const { remoteAddress, localAddress } = this.#conn;
    this.#gate.awaited.add(this);
    // Accepted after its reset, as the checks of proxies often are, a socket has a local address only; a Unix socket has neither.
    const isGone = remoteAddress === undefined && localAddress !== undefined;
    if (isGone) {
      this.#drop();
      return undefined;
    }
    if (this.#gate.isRequired && !this.#isTrusted) {
      this.#reject('the peer is not trusted to send a PROXY header');
      return undefined;
    }
    this.#peek = this.#conn._peek(this);
    return () => {
      if (this.#peek !== undefined) this.#drop();
    };
  }

  bytes(chunk: Uint8Array, ended: boolean): void {
    const held = this.#held;
    held.append(chunk);
    if (held.all.length === 0) {
      this.#drop();
      return;
    }
    const header = parseProxyHeader(held.all, this.#gate.maxBytes, ended);
    if (header === 'more') {
      held.keep();
      return;
    }
    if (header === 'absent') {
      if (this.#gate.isRequired) this.#reject('it does not begin with a PROXY header');
      else this.#emit(held.all);
    } else if (!this.#isTrusted) {
      this.#reject('the peer is not trusted to send a PROXY header');
    } else if (header === 'invalid') {
      this.#reject('its PROXY header is malformed, too long or cut off');
    } else {
      this.#accept(header);
    }
  }

  closed(error: MuxError | undefined): void {
    if (this.#held.all.length === 0) this.#drop();
    else this.#reject('it was closed within its PROXY header', { initiator: 'remote', cause: error });
  }

  expire(): void {
    this.#reject(`no whole PROXY header came within ${this.#gate.timeoutMs} ms`, { initiator: 'library' });
  }

  #accept({ length, meta }: ProxyHeader): void {
    const { sourceAddress, sourcePort, destinationAddress, destinationPort } = meta;
    this.#conn._know({ proxy: meta });
    // Only IP addresses have ports: a Unix path is no address that a server could use.
    if (sourcePort !== undefined) {
      this.#conn._readdress({
        remoteAddress: sourceAddress,
        remotePort: sourcePort,
        localAddress: destinationAddress,
        localPort: destinationPort,
      });
    }
    this.#emit(this.#held.all.subarray(length));
  }

  #emit(rest: Uint8Array): void {
    this.#finish()?.release(rest, this);
  }

  freed(): void {
    this.#subscriber.next(this.#conn);
    this.#subscriber.complete();
  }

  #reject(text: string, facts: MuxErrorFacts = { initiator: 'remote' }): void {
    const { id, remoteAddress = 'a peer without an address' } = this.#conn;
    const error = new MuxError('ERR_MUX_PROXY_HEADER', `connection ${id} from ${remoteAddress}: ${text}`, facts);
    this.#finish()?.drop();
    this.#conn._destroy(error, false);
    this.#gate.rejected?.next({ conn: this.#conn, error });
    this.#subscriber.complete();
  }

  // It came and went, a health check or a port scan; or nobody is left to hand it to.
  #drop(): void {
    this.#finish()?.drop();
    this.#conn._destroy(undefined, false);
    this.#subscriber.complete();
  }

  #finish(): Peeking | undefined {
    const peek = this.#peek;
    this.#gate.awaited.remove(this);
    this.#peek = undefined;
    return peek;
  }
}
