import { literal, matchGrammar, type Grammar, type Phrase } from '../grammar.js';
import type { Matcher } from '../matcher.js';

/** What {@link mqtt} tells. */
export interface MqttMeta {
  /** 3 = MQTT 3.1, 4 = MQTT 3.1.1, 5 = MQTT 5. */
  readonly protocolLevel: 3 | 4 | 5;
  /** True for a broker that announces itself as a bridge (top bit of the level byte, as Mosquitto sends it). */
  readonly bridge: boolean;
}

const CONNECT = 0x10;
const PROTOCOLS: readonly { readonly name: string; readonly levels: readonly MqttMeta['protocolLevel'][] }[] = [
  { name: 'MQTT', levels: [4, 5] },
  { name: 'MQIsdp', levels: [3] },
];
const RESERVED_FLAG = 0x01;
const BRIDGE = 0x80;
// Name, level, flags and keep-alive (10 bytes with the shorter name), and the length of the client identifier.
const SHORTEST = 12;
// Packet type, remaining length of 4 bytes, the longer name with its length, level and flags.
const MAX_BYTES = 15;

function* connect(): Grammar<MqttMeta> {
  if ((yield) !== CONNECT) return 'no';
  const remaining = yield* variableByteInteger();
  if (remaining === undefined || remaining < SHORTEST) return 'no';
  if ((yield) !== 0) return 'no';
  const nameLength = yield;
  const protocol = PROTOCOLS.find(({ name }) => name.length === nameLength);
  if (protocol === undefined || !(yield* literal(protocol.name))) return 'no';
  const level = yield;
  const protocolLevel = protocol.levels.find((known) => known === (level & ~BRIDGE));
  if (protocolLevel === undefined) return 'no';
  if (((yield) & RESERVED_FLAG) !== 0) return 'no';
  return { meta: { protocolLevel, bridge: level >= BRIDGE } };
}

/** Seven bits a byte, the low ones first, the top bit says that another byte follows; four bytes at most. */
function* variableByteInteger(): Phrase<number | undefined> {
  let value = 0;
  for (let shift = 0; shift < 28; shift += 7) {
    const byte = yield;
    value |= (byte & 0x7f) << shift;
    if (byte < 0x80) return value;
  }
  return undefined;
}

const match = matchGrammar(connect, MAX_BYTES);

/**
 * Matches an MQTT client by its CONNECT packet up to the connect flags: 15 bytes at most (MQTT 3.1, MQTT 3.1.1 §3.1, MQTT 5
 * §3.1).
 *
 * @example
 * ```ts
 * conns$.pipe(sniff(mqtt(), tls(), http1())).subscribe((conn) => {
 *   if (conn.protocol === 'mqtt') console.log(conn.meta.mqtt.protocolLevel);
 * });
 * ```
 */
export function mqtt(): Matcher<'mqtt', MqttMeta> {
  return { protocol: 'mqtt', firstBytes: [CONNECT], match };
}
