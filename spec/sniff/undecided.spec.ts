import { describe, expect, it } from '@jest/globals';
import { from, of, Subject, VirtualTimeScheduler } from 'rxjs';
import type { Conn } from '../../src/conn/conn.js';
import { SharedSniffBudget } from '../../src/sniff/budget.js';
import { latin1, MATCH, type Matcher } from '../../src/sniff/matcher.js';
import * as matchers from '../../src/sniff/matchers/index.js';
import type { SniffOptions } from '../../src/sniff/options.js';
import type { Rejection } from '../../src/sniff/outcome.js';
import { partitionByProtocol } from '../../src/sniff/partition-by-protocol.js';
import { sniff } from '../../src/sniff/sniff.js';
import { memoryPipe } from '../../src/testing/memory-pipe.js';
import { feed, isMatch, type Flight } from '../conformance/matcher-contract.js';
import { binaryFlights } from '../vectors/binary.js';
import { clientHello, inRecords, inTinyRecords, serverName } from '../vectors/client-hello.js';
import { http1Flights, lines, rtspFlights, websocketFlights } from '../vectors/http1.js';
import { grpcFlights, grpcWaitingFlights, grpcWebFlights, http2Flights } from '../vectors/http2.js';
import { simpleFlights } from '../vectors/text-and-simple.js';
import { wireOpenings } from '../vectors/wire/openings.js';

const { allOf, any, anyOf, http1, http1Host, named, not, prefix, regexp, tls } = matchers;

const hello = clientHello({ extensions: serverName('admin.example') });
const helloFlights: readonly Flight[] = [
  { name: 'a hello in one record', bytes: inRecords(hello) },
  { name: 'a hello in tiny records', bytes: inTinyRecords(hello) },
];
const manyFields = Array.from({ length: 150 }, (_, n) => `X-${n}: 1`);
const adminFlights: readonly Flight[] = [
  { name: 'a request', bytes: lines('GET / HTTP/1.1', 'Host: admin.example', '') },
  { name: '150 fields', bytes: lines('GET / HTTP/1.1', ...manyFields, 'Host: admin.example', '') },
];
const text: readonly Flight[] = [{ name: 'a line', bytes: latin1('HELO there\r\n') }];
const admin = http1Host('admin.example');

/** Every matcher that reads bytes, with flights of its own. */
const rows: readonly (readonly [name: string, matcher: Matcher, flights: readonly Flight[]])[] = [
  ['http1', http1(), http1Flights],
  ['http1Fast', matchers.http1Fast(), http1Flights],
  ['http1Header', matchers.http1Header('host'), http1Flights],
  ['http1Host', admin, adminFlights],
  ['websocket', matchers.websocket(), websocketFlights],
  ['rtsp', matchers.rtsp(), rtspFlights],
  ['http2', matchers.http2(), http2Flights],
  ['http2Header', matchers.http2Header(':method'), http2Flights],
  ['grpc', matchers.grpc(), [...grpcFlights, ...grpcWaitingFlights]],
  ['grpcWeb', matchers.grpcWeb(), grpcWebFlights],
  ['tls', tls(), binaryFlights.tls],
  ['tls of a name', tls({ serverName: 'admin.example' }), helloFlights],
  ...(['postgres', 'dns', 'rdp', 'kafka', 'thrift'] as const).map(
    (name) => [name, matchers[name](), binaryFlights[name]] as const,
  ),
  ...(['ssh', 'socks4', 'socks5', 'redis', 'mqtt', 'amqp', 'xmpp'] as const).map(
    (name) => [name, matchers[name](), simpleFlights[name]] as const,
  ),
  ...wireOpenings.map(({ codec, flights }) => [codec.protocol, codec, flights] as const),
  ['prefix', prefix('HELO there\r\n', 'HELO'), text],
  ['regexp', regexp(/^HELO \S+\r\n/), text],
  ['named', named('admin', admin), adminFlights],
  ['allOf', allOf(http1(), admin), adminFlights],
  ['anyOf', anyOf(matchers.ssh(), admin), adminFlights],
];

/** What becomes of clients each of which sends some bytes and nothing more. */
function outcomes(list: readonly Matcher[], sent: readonly Uint8Array[], options: SniffOptions = {}): string[] {
  const scheduler = new VirtualTimeScheduler();
  const pairs = sent.map(() => memoryPipe({ scheduler }));
  const became = new Map<Conn, string>();
  const rejected = { next: ({ conn, reason }: Rejection) => became.set(conn, reason) };
  const subscription = from(pairs.map(([, server]): Conn => server))
    .pipe(sniff(...list, { scheduler, rejected, ...options }))
    .subscribe((conn) => became.set(conn, conn.protocol));
  for (const [n, bytes] of sent.entries()) if (bytes.length > 0) pairs[n]?.[0].next(bytes);
  scheduler.flush();
  subscription.unsubscribe();
  return pairs.map(([, server]) => became.get(server) ?? 'undecided');
}

const outcome = (list: readonly Matcher[], bytes: Uint8Array, options?: SniffOptions): string =>
  outcomes(list, [bytes], options)[0] ?? '';

/** A flight cut off behind each of its bytes but the last. */
const cutsOf = (bytes: Uint8Array): Uint8Array[] =>
  Array.from({ length: bytes.length - 1 }, (_, k) => bytes.subarray(0, k + 1));

describe.each(rows)('a client of %s', (_name, matcher, all) => {
  const flights = all.filter(({ bytes }) => isMatch(feed(matcher, [bytes])));
  const own = [matcher.protocol, ...matcher.protocol.split('|')];

  it.each(flights)('that pauses past the deadline within $name gets to no matcher behind', ({ bytes }) => {
    const cuts = cutsOf(bytes);
    expect(['timeout', ...own]).toEqual(expect.arrayContaining(outcomes([matcher, any()], cuts)));
    expect(['timeout', ...own]).toEqual(expect.arrayContaining(outcomes([anyOf(matcher, any())], cuts)));
    expect(['timeout', 'noMatch']).toEqual(expect.arrayContaining(outcomes([not(matcher)], cuts)));
  });

  it.each(flights)('whose $name is cut off by the byte cap or the budget gets to no matcher behind', ({ bytes }) => {
    const full = { budget: Object.assign(new SharedSniffBudget(1), { usedBytes: 1 }) };
    expect(['overflow', ...own]).toEqual(expect.arrayContaining(outcomes([matcher, any()], cutsOf(bytes), full)));
    for (let maxBytes = 1; maxBytes < bytes.length; maxBytes += 1 + (maxBytes >> 4))
      expect(['overflow', ...own]).toContain(outcome([matcher, any()], bytes, { maxBytes }));
  });
});

describe('undecided', () => {
  const begun = latin1('GET / HTTP/1.1\r\n');

  it("is rejected by default, goes on with 'next', and with order 'firstDefinite', which holds no yes back", () => {
    expect(outcome([named('admin', admin), http1()], begun)).toBe('timeout');
    expect(outcome([named('admin', admin), http1()], begun, { undecided: 'next' })).toBe('http1');
    expect(outcome([named('admin', admin), http1()], begun, { order: 'firstDefinite' })).toBe('http1');
    expect(outcome([prefix('GET /admin'), any()], latin1('GET /'), { order: 'firstDefinite' })).toBe('any');
  });

  it('still lets the matcher that waits match what is there', () => {
    expect(outcome([prefix('ABCDEF', 'AB'), any()], latin1('ABC'))).toBe('prefix');
    const tentative: Matcher<'t', object> = { protocol: 't', match: ({ final }) => (final ? MATCH : 'more') };
    expect(outcome([tentative, any()], latin1('x'))).toBe('t');
    // One of a user that says no where it has nothing to go by.
    const hasty: Matcher<'h', object> = { protocol: 'h', match: ({ final }) => (final ? 'no' : 'more') };
    expect(outcome([hasty, any()], latin1('x'))).toBe('timeout');
  });

  it('is no client that sent nothing: silence goes to the first matcher that needs no byte', () => {
    const silent = new Uint8Array(0);
    expect(outcome([http1(), tls(), any()], silent)).toBe('any');
    expect(outcome([http1(), anyOf(tls(), any())], silent)).toBe('any');
    expect(outcome([tls(), matchers.serverFirst('ssh', { after: 300 })], silent)).toBe('ssh');
    expect(outcome([tls(), http1()], silent)).toBe('timeout');
    expect(outcome([tls(), http1()], silent, { onTimeout: 'ssh' })).toBe('ssh');
    expect(outcome([not(tls())], silent)).toBe('timeout');
  });

  it('is no client that has ended: nothing more can come', () => {
    const [client, server] = memoryPipe();
    const seen: string[] = [];
    of<Conn>(server)
      .pipe(sniff(prefix('ABCDEF'), any()))
      .subscribe((conn) => seen.push(conn.protocol));
    client.next(latin1('ABC'));
    client.complete();
    expect(seen).toEqual(['any']);
  });

  it('gets the protocol that onTimeout names, if one is named', () => {
    expect(outcome([named('admin', admin), http1()], begun, { onTimeout: 'tarpit' })).toBe('tarpit');
  });

  it('is what a matcher could not read: two hosts, a name that no host has', () => {
    const twice = lines('GET / HTTP/1.1', 'Host: a', 'Host: admin.example', '');
    expect(outcome([named('admin', admin), http1()], twice)).toBe('unreadable');
    expect(outcome([anyOf(named('admin', admin), http1())], twice)).toBe('unreadable');
    expect(outcome([named('admin', admin), http1()], twice, { undecided: 'next' })).toBe('http1');
    const odd = inRecords(clientHello({ extensions: serverName('ad min') }));
    expect(outcome([named('admin', tls({ serverName: 'admin.example' })), tls()], odd)).toBe('unreadable');
  });

  it('is rejected by a partition too', () => {
    const scheduler = new VirtualTimeScheduler();
    const [client, server] = memoryPipe({ scheduler });
    const conns$ = new Subject<Conn>();
    const seen: string[] = [];
    const rejected = { next: ({ reason }: Rejection) => seen.push(reason) };
    const { deny, web } = partitionByProtocol(conns$, { deny: admin, web: http1() }, { scheduler, rejected });
    deny.subscribe(() => seen.push('deny'));
    web.subscribe(() => seen.push('web'));
    conns$.next(server);
    client.next(begun);
    scheduler.flush();
    expect(seen).toEqual(['timeout']);
  });
});
