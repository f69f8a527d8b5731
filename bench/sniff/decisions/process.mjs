import { Subject } from 'rxjs';
import * as rxmux from '../../../src/index.js';
import { HeldBytes } from '../../../src/sniff/held-bytes.js';
import { MatcherSet } from '../../../src/sniff/matcher-set.js';
import { answering } from '../../lib/answering.mjs';
import { cmuxFlights, flights } from './flights.mjs';
import { MockConn } from './mock-conn.mjs';

const { amqp, dns, grpc, grpcWeb, http1, http2, kafka, mqtt, postgres, rdp, redis, rtsp, socks4, socks5 } = rxmux;
const { ssh, sniff, thrift, tls, websocket, xmpp } = rxmux;

const opening = [
  tls(),
  ssh(),
  socks4(),
  socks5(),
  rdp(),
  postgres(),
  kafka(),
  dns(),
  thrift(),
  redis(),
  mqtt(),
  amqp(),
];
const protocols = [...opening, xmpp(), rtsp(), http2(), http1()];
const heads = [grpc(), grpcWeb(), websocket()];
const MAX_BYTES = 16_384;
const conn = new MockConn();

/** Takes one connection's first bytes to its protocol: what `sniff` does with them, without the connection around it. */
function bareDecision(matchers) {
  const set = new MatcherSet(matchers);
  return (bytes) => {
    const held = new HeldBytes(conn, MAX_BYTES);
    const candidates = set.candidates(bytes);
    held.append(bytes);
    for (let i = 0; i < candidates.length; i++) {
      const verdict = candidates[i].match(held);
      if (typeof verdict === 'object') return candidates[i].protocol;
    }
    return undefined;
  };
}

/** The same through the operator: a new Conn in, the same Conn out, with its protocol. */
function operatorDecision(matchers) {
  const conns$ = new Subject();
  let protocol;
  conns$.pipe(sniff(...matchers)).subscribe((decided) => (protocol = decided.protocol));
  return (bytes) => {
    const mock = new MockConn();
    conns$.next(mock);
    mock.arrive(bytes);
    return protocol;
  };
}

const ofCmux = { 'http1 (cmux)': cmuxFlights.http1Line, 'http2 (cmux)': cmuxFlights.http2 };
const decisions = {
  bare: [bareDecision(protocols), { ...flights, ...ofCmux }],
  operator: [operatorDecision(protocols), { ...flights, ...ofCmux }],
  bareWithHeads: [bareDecision([...heads, ...protocols]), flights],
};

/** Nanoseconds of one decision each, by the way it is made and by flight. */
function round(times) {
  const nanos = {};
  for (const [way, [decide, all]] of Object.entries(decisions)) {
    nanos[way] = {};
    for (const [name, bytes] of Object.entries(all)) {
      const wanted = name.split(' ')[0];
      const start = process.hrtime.bigint();
      for (let i = 0; i < times; i++) if (decide(bytes) !== wanted) throw new Error(`${name} is not recognised`);
      nanos[way][name] = Number(process.hrtime.bigint() - start) / times;
    }
  }
  return nanos;
}

answering({}, { round: (times) => round(Number(times)) });
