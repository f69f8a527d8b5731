import { asyncScheduler, defer, firstValueFrom, merge, mergeMap, takeUntil, throwError, timeout, type NextObserver, type Observable, type SchedulerLike } from 'rxjs';
import type { Conn } from '../conn/conn.js';
import { MuxError } from '../errors.js';
import { flowTo } from '../flow/flow-to.js';
import { dial, type DialOptions } from '../net/dial.js';
import { checkGrace, goneInTime, type Sink, type SinkCloseOptions } from './sink.js';

/** A connection for which there was no backend. It is closed already. */
export interface ProxyFailure {
  readonly conn: Conn;
  /** `ERR_MUX_CONNECT`; what the choice of the target threw as its cause, or else why the backend was not reached. */
  readonly error: MuxError;
}

/** Settings of {@link proxyTo}. */
export interface ProxyToOptions {
  /** Milliseconds to reach the backend in, more than 0. @defaultValue 5000 */
  readonly connectTimeoutMs?: number;
  /** Told of every connection for which the backend could not be reached. */
  readonly failed?: NextObserver<ProxyFailure>;
  /** The clock of the connect timeout. @defaultValue `asyncScheduler` */
  readonly scheduler?: SchedulerLike;
}
