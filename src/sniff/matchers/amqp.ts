import { latin1, type Matcher } from '../matcher.js';
import { bySignature } from './prefix.js';

/** What {@link amqp} tells. */
export interface AmqpMeta {
  /** Version of the protocol, or of the layer, that the client asks for. */
  readonly version: '0-9-1' | '0-10' | '1.0';
  /** What the client wants to begin with; `tls` and `sasl` are the layers that AMQP 1.0 can put below. */
  readonly layer: 'amqp' | 'tls' | 'sasl';
}

const PROTOCOL_HEADER = bySignature<AmqpMeta>([
  [latin1('AMQP\x00\x00\x09\x01'), { version: '0-9-1', layer: 'amqp' }],
  [latin1('AMQP\x00\x01\x00\x00'), { version: '1.0', layer: 'amqp' }],
  [latin1('AMQP\x02\x01\x00\x00'), { version: '1.0', layer: 'tls' }],
  [latin1('AMQP\x03\x01\x00\x00'), { version: '1.0', layer: 'sasl' }],
  [latin1('AMQP\x01\x01\x00\x0a'), { version: '0-10', layer: 'amqp' }],
]);

/**
 * Matches an AMQP client by the 8 bytes of its protocol header (AMQP 0-9-1 §4.2.2, 0-10 §4.3, AMQP 1.0 part 2 §2.2 and part 5
 * §5.2.1, §5.3.1).
 *
 * @example
 * ```ts
 * conns$.pipe(sniff(amqp(), http1())).subscribe((conn) => {
 *   if (conn.protocol === 'amqp') console.log(conn.meta.amqp.version);
 * });
 * ```
 */
export function amqp(): Matcher<'amqp', AmqpMeta> {
  return { protocol: 'amqp', ...PROTOCOL_HEADER };
}
