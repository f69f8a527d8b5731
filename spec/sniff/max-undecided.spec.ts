import { describe, expect, it } from '@jest/globals';
import { Subject } from 'rxjs';
import type { Conn } from '../../src/conn/conn.js';
import { http1 } from '../../src/sniff/matchers/http1.js';
import { latin1 } from '../../src/sniff/matcher.js';
import { sniffCounters, type Rejection } from '../../src/sniff/outcome.js';
import { partitionByProtocol } from '../../src/sniff/partition-by-protocol.js';
import { sniff } from '../../src/sniff/sniff.js';
import type { SniffOptions } from '../../src/sniff/options.js';
import { memoryPipe } from '../../src/testing/memory-pipe.js';
import { Clock } from '../session/session-ends.js';

type Stage = (options: SniffOptions<'close'>, conns$: Subject<Conn>, taken: Conn[]) => void;

const STAGES: readonly (readonly [name: string, stage: Stage])[] = [
  ['sniff', (options, conns$, taken) => conns$.pipe(sniff(http1(), options)).subscribe((conn) => taken.push(conn))],
  [
    'partitionByProtocol',
    (options, conns$, taken) =>
      partitionByProtocol(conns$, { web: http1() }, options).web.subscribe((conn) => taken.push(conn)),
  ],
];

describe.each(STAGES)('%s past maxUndecided', (_name, stage) => {
  function staged(maxUndecided?: number) {
    const conns$ = new Subject<Conn>();
    const taken: Conn[] = [];
    const rejections: Rejection[] = [];
    const counters = sniffCounters();
    const scheduler = new Clock();
    const options = { counters, scheduler, rejected: { next: (rejection: Rejection) => rejections.push(rejection) } };
    stage(maxUndecided === undefined ? options : { ...options, maxUndecided }, conns$, taken);
    const connect = (): readonly [client: Conn, conn: Conn] => {
      const [client, conn] = memoryPipe();
      client.subscribe({ error: () => undefined });
      conns$.next(conn);
      return [client, conn];
    };
    return { connect, taken, rejections, counters };
  }

  it('turns away the oldest, with or without a byte, and takes the newcomer', () => {
    const { connect, taken, rejections, counters } = staged(2);
    const [[, silent], [slow, started], [, other]] = [connect(), connect(), connect()];
    expect(rejections.map(({ conn, reason, error }) => [conn, reason, error.code])).toEqual([
      [silent, 'overflow', 'ERR_MUX_SNIFF_LIMIT'],
    ]);
    slow.next(latin1('GET / HT'));
    const [quick, last] = connect();
    quick.next(latin1('GET / HTTP/1.1\r\n\r\n'));
    expect(rejections.map(({ conn }) => conn)).toEqual([silent, started]);
    expect(taken).toEqual([last]);
    expect([counters.undecided, counters.accepted, counters.rejected, counters.heldBytes]).toEqual([1, 4, 2, 0]);
    let closed = 0;
    for (const conn of [silent, started, other]) conn.closed$.subscribe(() => closed++);
    expect(closed).toBe(2);
  });

  it('is 4096, and counts only those that are undecided', () => {
    const { connect, rejections } = staged();
    for (let n = 0; n < 5000; n++) connect()[0].next(latin1('GET / HTTP/1.1\r\n\r\n'));
    for (let n = 0; n < 4096; n++) connect();
    expect(rejections).toEqual([]);
    connect();
    expect(rejections).toHaveLength(1);
  });

  it.each([0, -1, 1.5, NaN])('is not %d', (maxUndecided) => {
    expect(() => staged(maxUndecided)).toThrow(/ERR_MUX_OPTION.*maxUndecided/);
  });
});
