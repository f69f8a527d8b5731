import { afterEach, describe, expect, it } from '@jest/globals';
import { EMPTY, NEVER, of, Subject, take, throwError, type Observable, type Subscription } from 'rxjs';
import type { Conn } from '../../src/conn/conn.js';
import { LINGER_BYTES } from '../../src/conn/linger.js';
import { sniffBudget } from '../../src/sniff/budget.js';
import { latin1, MATCH, matchPrefix, type Matcher } from '../../src/sniff/matcher.js';
import { allOf } from '../../src/sniff/matchers/all-of.js';
import { anyOf } from '../../src/sniff/matchers/any-of.js';
import { grpcWeb } from '../../src/sniff/matchers/grpc-web.js';
import { http1Header } from '../../src/sniff/matchers/http1-header.js';
import { http1Host } from '../../src/sniff/matchers/http1-host.js';
import { http1 } from '../../src/sniff/matchers/http1.js';
import { named } from '../../src/sniff/matchers/named.js';
import { not } from '../../src/sniff/matchers/not.js';
import { tls } from '../../src/sniff/matchers/tls.js';
import { websocket } from '../../src/sniff/matchers/websocket.js';
import type { SniffOptions } from '../../src/sniff/options.js';
import { sniffCounters, type Decision, type MatcherFault, type Rejection } from '../../src/sniff/outcome.js';
import { sniff } from '../../src/sniff/sniff.js';
import { memoryPipe } from '../../src/testing/memory-pipe.js';
import { virtually } from '../testing/virtually.js';
import { clientHello, inRecords, keyShare, serverName } from '../vectors/client-hello.js';

const text = (bytes: Uint8Array): string => Buffer.from(bytes).toString('latin1');

const starts = <P extends string>(protocol: P, signature: string): Matcher<P, object> => ({
  protocol,
  firstBytes: [signature.charCodeAt(0)],
  match: ({ bytes }) => {
    const verdict = matchPrefix(bytes, latin1(signature));
    return verdict === 'match' ? MATCH : verdict;
  },
});

const everything: Matcher<'any', object> = { protocol: 'any', zeroRead: true, match: () => MATCH };

const silent = <P extends string>(protocol: P, afterMs: number): Matcher<P, object> => ({
  protocol,
  firstBytes: [],
  silentAfterMs: afterMs,
  match: ({ bytes }) => (bytes.length > 0 ? 'no' : 'more'),
});

const subscriptions: Subscription[] = [];
afterEach(() => {
  for (const subscription of subscriptions.splice(0)) subscription.unsubscribe();
});

/** Runs a sniffer over connections made in memory, in virtual time, and writes down all it does. */
function bench(matchers: readonly Matcher[], options: SniffOptions = {}) {
  const conns$ = new Subject<Conn>();
  const rejected: Rejection[] = [];
  const decided: Decision[] = [];
  const faults: MatcherFault[] = [];
  const counters = sniffCounters();
  const emitted: Conn[] = [];
  const log: string[] = [];
  const subscription = conns$
    .pipe(
      sniff(...matchers, {
        rejected: { next: (r) => rejected.push(r) },
        decided: { next: (d) => decided.push(d) },
        faults: { next: (f) => faults.push(f) },
        counters,
        ...options,
      }),
    )
    .subscribe({
      next: (conn) => emitted.push(conn),
      error: (error: unknown) => log.push(`error ${String(error)}`),
      complete: () => log.push('complete'),
    });
  subscriptions.push(subscription);
  const connect = (): readonly [Conn, Conn] => {
    const [client, server] = memoryPipe();
    conns$.next(server);
    return [client, server];
  };
  return { conns$, rejected, decided, faults, counters, emitted, log, subscription, connect };
}

const received = (conn: Conn): string[] => {
  const chunks: string[] = [];
  conn.subscribe({
    next: (bytes) => chunks.push(text(bytes)),
    complete: () => chunks.push('FIN'),
    error: () => chunks.push('error'),
  });
  return chunks;
};

describe('sniff decides', () => {
  it('emits the same Conn, named, and replays every byte once', () => {
    const { emitted, connect } = bench([starts('a', 'AAA'), starts('b', 'ABB')]);
    const [client, server] = connect();
    for (const letter of 'ABBCD') client.next(latin1(letter));
    expect(emitted).toEqual([server]);
    expect(server.protocol).toBe('b');
    expect(received(server).join('')).toBe('ABBCD');
  });

  it('keeps connections apart and emits them in the order of their decisions', () => {
    const { emitted, connect } = bench([starts('a', 'AA'), starts('b', 'BB')]);
    const [slow, slowServer] = connect();
    const [fast, fastServer] = connect();
    slow.next(latin1('A'));
    fast.next(latin1('BB'));
    slow.next(latin1('A'));
    expect(emitted).toEqual([fastServer, slowServer]);
  });

  it('case 59: holds a later yes while an earlier matcher may still match', () => {
    const strict = bench([starts('long', 'ABCD'), starts('short', 'AB')]);
    const [client] = strict.connect();
    client.next(latin1('ABC'));
    expect(strict.emitted).toEqual([]);
    client.next(latin1('X'));
    expect(strict.emitted.map((c) => c.protocol)).toEqual(['short']);
  });

  it('case 59: emits the first yes at once in firstDefinite order', () => {
    const { emitted, connect } = bench([starts('long', 'ABCD'), starts('short', 'AB')], { order: 'firstDefinite' });
    const [client] = connect();
    client.next(latin1('A'));
    client.next(latin1('B'));
    expect(emitted.map((c) => c.protocol)).toEqual(['short']);
  });

  it('case 57: routes by any() at accept, without a byte read', () => {
    const { emitted, decided, connect } = bench([everything]);
    const [, server] = connect();
    expect(emitted).toEqual([server]);
    expect(decided).toEqual([expect.objectContaining({ bytes: 0, reason: 'match' })]);
  });

  it('waits for bytes when a matcher before any() wants them', () => {
    const { emitted, connect } = bench([starts('a', 'AA'), everything]);
    const [client] = connect();
    expect(emitted).toEqual([]);
    client.next(latin1('B'));
    expect(emitted.map((c) => c.protocol)).toEqual(['any']);
  });

  it('asks a matcher at most once a chunk, and never one that another first byte rules out', () => {
    let calls = 0;
    const counting: Matcher = { protocol: 'x', firstBytes: [0x58], match: () => (calls++, 'more') };
    const { connect } = bench([counting, starts('a', 'AAAA')]);
    const [client] = connect();
    for (const letter of 'AAA') client.next(latin1(letter));
    expect(calls).toBe(0);
    const [other] = connect();
    for (const letter of 'XYZ') other.next(latin1(letter));
    expect(calls).toBe(3);
  });

  it('case 58: takes a matcher that throws as a no, reports it, and asks the others', () => {
    const broken: Matcher = {
      protocol: 'broken',
      match: () => {
        throw new Error('bug');
      },
    };
    const { emitted, faults, connect } = bench([broken, starts('a', 'A')]);
    const [client, server] = connect();
    client.next(latin1('A'));
    expect(emitted).toEqual([server]);
    expect(faults).toEqual([{ conn: server, protocol: 'broken', error: new Error('bug') }]);
  });

  it('shares one parser between matchers that ask for the same', () => {
    let made = 0;
    const create = (): object => ({ n: made++ });
    const reader = (protocol: string): Matcher => ({ protocol, match: (first) => (first.parser(create), 'more') });
    const { connect } = bench([reader('p'), reader('q')], { order: 'firstDefinite' });
    const [client] = connect();
    client.next(latin1('A'));
    client.next(latin1('B'));
    expect(made).toBe(1);
  });
});

describe('sniff turns away', () => {
  it('what no matcher wants, with the bytes and a typed error', () => {
    const { rejected, connect, counters } = bench([starts('a', 'AA')]);
    const [client, server] = connect();
    const fromServer = received(client);
    client.next(latin1('AB'));
    expect(rejected).toEqual([expect.objectContaining({ conn: server, reason: 'noMatch' })]);
    expect(rejected[0]?.error.code).toBe('ERR_MUX_NO_MATCH');
    expect(text(rejected[0]?.bytes ?? latin1(''))).toBe('AB');
    expect(fromServer).toEqual(['error']);
    expect(counters).toMatchObject({ accepted: 1, rejected: 1, undecided: 0, heldBytes: 0 });
  });

  it('case 5 and 16: evaluates the bytes before a FIN as final, and loses none', () => {
    const tentative: Matcher<'tentative', object> = {
      protocol: 'tentative',
      match: ({ bytes, final }) => (bytes.length > 2 && final ? MATCH : 'more'),
    };
    const { emitted, rejected, connect } = bench([tentative]);
    const [client] = connect();
    client.next(latin1('ABC'));
    client.complete();
    expect(emitted.map((c) => c.protocol)).toEqual(['tentative']);
    expect(received(emitted[0] as Conn)).toEqual(['ABC', 'FIN']);
    const [short] = connect();
    short.next(latin1('A'));
    short.complete();
    expect(rejected.map((r) => r.reason)).toEqual(['eof']);
  });

  it('cases 12 and 13: only counts a client that leaves without a byte', () => {
    const { rejected, emitted, counters, connect } = bench([starts('a', 'A'), silent('s', 100)]);
    connect()[0].complete();
    connect()[0].error(new Error('gone'));
    expect(counters).toMatchObject({ accepted: 2, aborted: 2, undecided: 0 });
    expect([...rejected, ...emitted]).toEqual([]);
  });

  it('case 14: tells of a reset after some bytes as an abort', () => {
    const { rejected, connect } = bench([starts('a', 'AAAA')]);
    const [client] = connect();
    client.next(latin1('AA'));
    client.error(new Error('gone'));
    expect(rejected.map((r) => r.reason)).toEqual(['abort']);
  });

  it("case 21: at the byte cap, after asking once more; with undecided: 'next' a later matcher may still take it", () => {
    const greedy: Matcher<'greedy', object> = { protocol: 'greedy', match: () => 'more' };
    const alone = bench([greedy], { maxBytes: 4 });
    alone.connect()[0].next(latin1('ABCDEFGH'));
    expect(alone.rejected.map((r) => [r.reason, r.error.code])).toEqual([['overflow', 'ERR_MUX_SNIFF_LIMIT']]);
    const both = bench([greedy, everything], { maxBytes: 4, undecided: 'next' });
    both.connect()[0].next(latin1('ABCDEFGH'));
    expect(received(both.emitted[0] as Conn)).toEqual(['ABCDEFGH']);
  });

  it('shows matchers no more than the cap, however the bytes were cut', () => {
    const longest: number[] = [];
    const measure: Matcher = { protocol: 'm', match: ({ bytes }) => (longest.push(bytes.length), 'more') };
    const { connect } = bench([measure], { maxBytes: 5 });
    connect()[0].next(new Uint8Array(100));
    expect(Math.max(...longest)).toBe(5);
  });

  it('the one that holds the most, past the memory for all undecided connections, and gives the memory back', () => {
    const budget = sniffBudget({ maxBytes: 10 });
    const { rejected, counters, connect } = bench([starts('a', 'A'.repeat(20))], { budget });
    const [first] = connect();
    first.next(latin1('AAAAAA'));
    const [second] = connect();
    second.next(latin1('AAAAA'));
    expect(rejected.map(({ reason, bytes }) => [reason, bytes.length])).toEqual([['overflow', 6]]);
    expect([budget.usedBytes, counters.heldBytes]).toEqual([5, 5]);
    const [third] = connect();
    third.next(latin1('AAAAAAA'));
    expect(rejected.map(({ bytes }) => bytes.length)).toEqual([6, 7]);
    second.complete();
    expect([budget.usedBytes, counters.heldBytes]).toEqual([0, 0]);
  });
});

describe('sniff keeps one deadline', () => {
  it('cases 11 and 18: closes at the deadline, which trickled bytes never extend', () => {
    virtually((at) => {
      const { rejected, connect } = bench([starts('a', 'A'.repeat(50))], { timeoutMs: 1000 });
      const [client] = connect();
      for (let ms = 0; ms < 2000; ms += 100) {
        at(ms, () => {
          client.next(latin1('A'));
        });
      }
      at(999, () => {
        expect(rejected).toEqual([]);
      });
      at(1001, () => {
        expect(rejected.map((r) => [r.reason, r.afterMs])).toEqual([['timeout', 1000]]);
      });
    });
  });

  it('case 11: gives a silent client to the protocol that onTimeout names', () => {
    virtually((at) => {
      const { emitted, decided, connect } = bench([starts('a', 'AA')], { timeoutMs: 500, onTimeout: 'ssh' });
      connect();
      at(501, () => {
        expect(emitted.map((c) => c.protocol)).toEqual(['ssh']);
        expect(decided.map((d) => d.reason)).toEqual(['timeout']);
      });
    });
  });

  it('case 19: bytes that are there at the deadline are asked once more before the timeout policy applies', () => {
    virtually((at) => {
      const tentative: Matcher<'t', object> = { protocol: 't', match: ({ final }) => (final ? MATCH : 'more') };
      const { emitted, connect } = bench([tentative], { timeoutMs: 500, onTimeout: 'fallback' });
      connect()[0].next(latin1('A'));
      at(501, () => {
        expect(emitted.map((c) => c.protocol)).toEqual(['t']);
      });
    });
  });

  it('case 20: forgets the deadline at the decision, and has no timer left when all are decided and the source is done', () => {
    virtually((at, scheduler) => {
      const { conns$, emitted, connect, log } = bench([starts('a', 'A')], { timeoutMs: 1000 });
      const [client, server] = connect();
      client.next(latin1('A'));
      const chunks = received(server);
      conns$.complete();
      expect(log).toEqual(['complete']);
      expect(scheduler.actions.length).toBe(0);
      at(10_000, () => {
        client.next(latin1('B'));
        expect(chunks).toEqual(['A', 'B']);
        expect(emitted).toHaveLength(1);
      });
    });
  });

  it('serves many connections with one timer, each at its own time', () => {
    virtually((at, scheduler) => {
      const { rejected, connect } = bench([starts('a', 'AA')], { timeoutMs: 1000 });
      for (const ms of [0, 10, 20, 400])
        at(ms, () => {
          connect();
        });
      at(500, () => {
        // This very action is one of the two.
        expect(scheduler.actions.length).toBeLessThanOrEqual(4);
      });
      at(1021, () => {
        expect(rejected.map((r) => r.afterMs)).toEqual([1000, 1000, 1000]);
      });
      at(1401, () => {
        expect(rejected).toHaveLength(4);
      });
    });
  });

  it('case 56: routes a silent client after its time; one that speaks earlier is sniffed', () => {
    virtually((at) => {
      const { emitted, decided, connect } = bench([silent('smtp', 300), starts('a', 'A')], { timeoutMs: 1000 });
      const [, quiet] = connect();
      const [eager] = connect();
      at(100, () => {
        eager.next(latin1('A'));
        expect(emitted.map((c) => c.protocol)).toEqual(['a']);
      });
      at(301, () => {
        expect(emitted[1]).toBe(quiet);
        expect(quiet.protocol).toBe('smtp');
        expect(decided[1]).toMatchObject({ reason: 'silence', afterMs: 300, bytes: 0 });
      });
    });
  });
});

describe('sniff prompts a client that waits', () => {
  const asking: Matcher<'asking', object> = {
    protocol: 'asking',
    firstBytes: [0x48],
    prompt: {
      afterMs: 5,
      bytes: latin1('?'),
      isAwaited: (bytes) => text(bytes) === 'HELO',
      isAnswered: ({ bytes }) => text(bytes).includes('!'),
      filter: () => {
        const filter = {
          done: false,
          push: (chunk: Uint8Array) => {
            const all = text(chunk);
            if (filter.done || !all.includes('!')) return chunk;
            filter.done = true;
            return latin1(all.replace('!', ''));
          },
          flush: () => latin1(''),
        };
        return filter;
      },
    },
    match: ({ bytes }) => (text(bytes).includes('GO') ? MATCH : 'more'),
  };

  it('case 41: writes the prompt once, only after silence, and cuts exactly the answer out', () => {
    virtually((at) => {
      const { emitted, connect } = bench([asking]);
      const [client] = connect();
      const fromServer = received(client);
      client.next(latin1('HELO'));
      at(4, () => {
        expect(fromServer).toEqual([]);
      });
      at(6, () => {
        expect(fromServer).toEqual(['?']);
        client.next(latin1('!GO+'));
        expect(received(emitted[0] as Conn)).toEqual(['HELOGO+']);
      });
    });
  });

  it('writes nothing to a client that goes on by itself', () => {
    virtually((at) => {
      const { emitted, connect } = bench([asking]);
      const [client] = connect();
      const fromServer = received(client);
      client.next(latin1('HELO'));
      client.next(latin1('GO'));
      expect(emitted).toHaveLength(1);
      at(100, () => {
        expect(fromServer).toEqual([]);
      });
    });
  });

  it.each([
    ['before', 1],
    ['and never before the deadline, not', 0],
  ])('hands a connection on only when the prompt has left: %s the answer', (_, leaves) => {
    virtually((at) => {
      const { conns$, emitted, decided } = bench([asking], { timeoutMs: 1000 });
      const [client, server] = memoryPipe();
      let hasLeft: (error?: Error) => void = () => undefined;
      server._write = (_prompt, done) => {
        hasLeft = done as typeof hasLeft;
        return true;
      };
      conns$.next(server);
      client.next(latin1('HELO'));
      at(6, () => {
        client.next(latin1('!GO'));
        expect(emitted).toEqual([]);
        hasLeft(leaves === 1 ? undefined : new Error('gone'));
        expect(emitted).toHaveLength(leaves);
      });
      at(1001, () => {
        hasLeft();
        expect([emitted, decided.length]).toEqual([[server], 1]);
      });
    });
  });

  it('case 42: waits for the answer even when the decision is clear, and hands on with a filter at the deadline', () => {
    virtually((at) => {
      const { emitted, connect } = bench([asking], { timeoutMs: 1000 });
      const [client] = connect();
      client.next(latin1('HELO'));
      at(6, () => {
        client.next(latin1('GO'));
        expect(emitted).toEqual([]);
      });
      at(1001, () => {
        const chunks = received(emitted[0] as Conn);
        client.next(latin1('a!b'));
        client.next(latin1('!'));
        expect(chunks).toEqual(['HELOGO', 'ab', '!']);
      });
    });
  });
});

describe('sniff ends', () => {
  it('completes with its source once no connection is undecided', () => {
    const { conns$, log, connect } = bench([starts('a', 'A')]);
    const [client] = connect();
    conns$.complete();
    expect(log).toEqual([]);
    client.next(latin1('A'));
    expect(log).toEqual(['complete']);
  });

  it('completes when the last undecided connection is turned away or leaves', () => {
    for (const act of [
      (client: Conn) => {
        client.next(latin1('B'));
      },
      (client: Conn) => {
        client.complete();
      },
    ]) {
      const { conns$, log, connect } = bench([starts('a', 'A')]);
      const [client] = connect();
      conns$.complete();
      act(client);
      expect(log).toEqual(['complete']);
    }
  });

  it('passes on an error of the source, an empty source and one that never emits', () => {
    const ends = (source: Observable<Conn>): string => {
      let end = 'open';
      source.pipe(sniff(everything)).subscribe({ error: () => (end = 'error'), complete: () => (end = 'complete') });
      return end;
    };
    expect(ends(throwError(() => new Error('x')))).toBe('error');
    expect(ends(EMPTY)).toBe('complete');
    expect(ends(NEVER)).toBe('open');
  });

  it('case 61: unsubscribing destroys the undecided at once and leaves the routed alone', () => {
    virtually((_at, scheduler) => {
      const { subscription, conns$, counters, connect } = bench([starts('a', 'AA')]);
      const undecided = Array.from({ length: 100 }, connect);
      const routed = Array.from({ length: 100 }, connect);
      const ends = undecided.map(([client]) => received(client));
      for (const [client] of routed) client.next(latin1('AA'));
      const replies = routed.map(([client]) => received(client));
      subscription.unsubscribe();
      for (const [, server] of routed) server.next(latin1('reply'));
      expect(ends).toEqual(ends.map(() => ['error']));
      expect(replies).toEqual(replies.map(() => ['reply']));
      expect(conns$.observed).toBe(false);
      expect(counters).toMatchObject({ undecided: 0, matched: 100 });
      expect(scheduler.actions.length).toBe(0);
    });
  });

  it('destroys a connection that a synchronous source emits after the end', () => {
    const [[, first], [late, second]] = [memoryPipe(), memoryPipe()];
    const end = received(late);
    const taken: Conn[] = [];
    of(first, second)
      .pipe(sniff(everything), take(1))
      .subscribe((conn) => taken.push(conn));
    expect(taken).toEqual([first]);
    expect(end).toEqual(['error']);
  });
});

describe('sniff refuses', () => {
  it.each([
    ['no matcher', () => sniff()],
    ['nothing in its place', () => sniff(null as never)],
    ['a matcher that was not called', () => sniff(everything, (() => everything) as never)],
    ['a matcher without a name', () => sniff({ ...everything, protocol: '' })],
    ['a timeout of zero', () => sniff(everything, { timeoutMs: 0 })],
    ['a fraction of a byte', () => sniff(everything, { maxBytes: 1.5 })],
    ['an unknown order', () => sniff(everything, { order: 'random' as 'strict' })],
    ['a budget of nothing', () => sniffBudget({ maxBytes: 0 })],
  ])('%s, when called', (_name, call) => {
    expect(call).toThrow(expect.objectContaining({ code: 'ERR_MUX_OPTION' }));
  });
});

describe('sniff answers what is too long', () => {
  const request = (target: number, field: number): Uint8Array =>
    latin1(`GET /${'a'.repeat(target)} HTTP/1.1\r\nHost: a\r\nCookie: ${'b'.repeat(field)}`);

  it.each<[string, readonly Matcher[], Uint8Array, string]>([
    ['a request line, by http1', [http1()], request(20_000, 0), '414 URI Too Long'],
    ['a request line, by http1Host', [http1Host('a')], request(20_000, 0), '414 URI Too Long'],
    ['a request line, by http1Header', [http1Header('x')], request(20_000, 0), '414 URI Too Long'],
    ['a request line, by websocket', [websocket()], request(20_000, 0), '414 URI Too Long'],
    ['a request line, by grpcWeb', [grpcWeb()], request(20_000, 0), '414 URI Too Long'],
    [
      'a request line, within combinators',
      [named('x', allOf(http1(), anyOf(http1Host('a'))))],
      request(20_000, 0),
      '414 URI Too Long',
    ],
    ['a head, by http1Host', [http1Host('b')], request(10, 20_000), '431 Request Header Fields Too Large'],
    ['a head, by http1Header', [http1Header('x')], request(10, 20_000), '431 Request Header Fields Too Large'],
    [
      'a head, by websocket',
      [starts('other', 'G!'), websocket()],
      request(10, 20_000),
      '431 Request Header Fields Too Large',
    ],
  ])('%s', (_, matchers, bytes, status) => {
    virtually((at, scheduler) => {
      const { rejected, emitted, counters, connect } = bench(matchers, { scheduler });
      const [client, server] = connect();
      const answer = received(client);
      let closed: unknown;
      server.closed$.subscribe((end) => (closed = end));
      client.next(bytes);
      at(1, () => {
        expect(answer).toEqual([`HTTP/1.1 ${status}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`, 'FIN']);
        expect(rejected.map(({ reason, error }) => [reason, error.code])).toEqual([
          ['overflow', 'ERR_MUX_SNIFF_LIMIT'],
        ]);
        expect(closed).toBeUndefined();
        client.next(new Uint8Array(100_000));
        client.complete();
      });
      at(2, () => {
        expect(closed).toBeDefined();
        expect(emitted).toEqual([]);
        expect(counters).toMatchObject({ rejected: 1, undecided: 0, heldBytes: 0 });
      });
    });
  });

  it('and closes on a client that does not end', () => {
    virtually((at, scheduler) => {
      const { rejected, connect } = bench([http1()], { scheduler });
      const [client, server] = connect();
      let closed: unknown;
      server.closed$.subscribe((end) => (closed = end));
      client.next(request(20_000, 0));
      at(1999, () => {
        expect(closed).toBeUndefined();
      });
      at(2001, () => {
        expect(closed).toEqual({ error: rejected[0]?.error });
      });
    });
  });

  it('and closes on a client that sends more than 16 MiB behind it', () => {
    virtually((at, scheduler) => {
      const { rejected, connect } = bench([http1()], { scheduler });
      const [client, server] = connect();
      let closed: unknown;
      server.closed$.subscribe((end) => (closed = end));
      client.next(request(20_000, 0));
      at(1, () => {
        for (let sent = 0; sent < LINGER_BYTES; sent += 65_536) client.next(new Uint8Array(65_536));
        expect(closed).toBeUndefined();
        client.next(new Uint8Array(1));
      });
      at(2, () => {
        expect(closed).toEqual({ error: rejected[0]?.error });
      });
    });
  });

  it.each<[string, Uint8Array]>([
    ['a request line of 16,000 bytes, by itself', request(16_000, 0)],
    ['a request line of 60,000 bytes, given the room', request(60_000, 0)],
  ])('but not %s', (_, bytes) => {
    const { emitted, rejected, connect } = bench([http1()], { maxBytes: bytes.length });
    connect()[0].next(bytes);
    expect([emitted.length, rejected.length]).toEqual([1, 0]);
  });

  it('but no client of another protocol, nor one that is undecided for want of memory', () => {
    const other = bench([starts('other', 'A'.repeat(100)), http1()], { maxBytes: 50 });
    const [client] = other.connect();
    const answer = received(client);
    client.next(latin1('A'.repeat(60)));
    expect(answer).toEqual(['error']);
    const full = bench([http1()], { budget: sniffBudget({ maxBytes: 10 }) });
    const [second] = full.connect();
    const nothing = received(second);
    second.next(latin1('GET /aaaaaaaaaaaa'));
    expect(nothing).toEqual(['error']);
  });

  it('leaves a hello that is larger than maxBytes to nobody, and reads it given the room', () => {
    const hello = inRecords(clientHello({ extensions: [keyShare(20_000), serverName('a.example')].flat() }), 16_384);
    const routes = [
      tls({ serverName: 'a.example' }),
      tls({ serverName: false }),
      named('none', allOf(tls(), not(tls({ serverName: /./ })), tls())),
    ];
    const small = bench(routes);
    small.connect()[0].next(hello);
    expect(small.rejected.map(({ reason }) => reason)).toEqual(['overflow']);
    const large = bench(routes, { maxBytes: 65_536 });
    large.connect()[0].next(hello);
    expect(large.emitted.map(({ meta }) => meta.tls?.serverName)).toEqual(['a.example']);
  });
});
