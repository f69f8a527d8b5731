import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { Subject, type Observable } from 'rxjs';
import type { Conn } from '../../src/conn/conn.js';
import { Inbox } from '../../src/conn/inbox.js';
import { any, http1, sniff } from '../../src/index.js';
import { bytesOf, hostile } from '../session/abuse/hostile.js';
import { CODECS, turn } from '../session/session-ends.js';

const bytes = (text: string): Uint8Array => Buffer.from(text);
const text = (chunk: Uint8Array): string => Buffer.from(chunk).toString();
const nothing = (): void => undefined;

/** An inbox, what a look at it was told, and what its reader was. */
function looked() {
  const inbox = new Inbox({ onConsumed: nothing, onCancelled: nothing, onWanted: nothing, onThrown: nothing });
  const told: string[] = [];
  const seen: string[] = [];
  const look = (onBytes: () => void = nothing) =>
    inbox.peek({
      bytes: (chunk, ended) => {
        told.push(ended ? `${text(chunk)}.` : text(chunk));
        onBytes();
      },
      closed: (error) => told.push(error?.code ?? 'closed'),
    });
  const read = (): void =>
    inbox
      .read({ next: (chunk) => seen.push(text(chunk)), complete: () => seen.push('complete'), error: nothing })
      .resume();
  return { inbox, told, seen, look, read };
}

describe('a look at first bytes', () => {
  test('is told what came before it, then what comes in the same task, in that order', async () => {
    const { inbox, told, look } = looked();
    inbox.push(bytes('a'));
    look();
    inbox.push(bytes('b'));
    inbox.push(bytes('c'));
    await turn();
    inbox.push(bytes('d'));
    expect(told.join('')).toBe('abcd');
  });

  test('is told an end of the same task behind all bytes', async () => {
    const { inbox, told, look } = looked();
    inbox.push(bytes('a'));
    look();
    inbox.push(bytes('b'));
    inbox.end();
    await turn();
    expect(told.join('')).toBe('ab.');
  });

  test('that ends with the first of them leaves the others to the reader, in order', async () => {
    const { inbox, told, seen, look, read } = looked();
    inbox.push(bytes('a'));
    const looking = look(() => {
      looking.release(bytes('a'), { freed: read });
    });
    inbox.push(bytes('b'));
    inbox.push(bytes('c'));
    inbox.end();
    await turn();
    expect([told, seen.join(' ')]).toEqual([['a'], 'a b c complete']);
  });

  test('that is dropped with the first of them is told nothing more', async () => {
    const { inbox, told, look } = looked();
    inbox.push(bytes('a'));
    const looking = look(() => {
      looking.drop();
    });
    inbox.push(bytes('b'));
    inbox.end();
    await turn();
    inbox.push(bytes('c'));
    expect(told).toEqual(['a']);
  });

  test('gets every byte once and in order, whenever it begins and however the bytes are cut', async () => {
    const steps = fc.array(fc.constantFrom('push', 'turn'), { maxLength: 20 });
    await fc.assert(
      fc.asyncProperty(steps, fc.nat(20), async (acts, at) => {
        const { inbox, told, look } = looked();
        let sent = '';
        for (const [n, act] of acts.entries()) {
          if (n === at) look();
          if (act === 'turn') await turn();
          else {
            const more = String.fromCharCode(97 + n);
            sent += more;
            inbox.push(bytes(more));
          }
        }
        if (at >= acts.length) look();
        inbox.end();
        await turn();
        expect(told.join('')).toBe(`${sent}.`);
      }),
      { numRuns: 200 },
    );
  });
});

describe.each(CODECS)('sniffing a stream of %s', (_name, codec) => {
  const id = codec.traits.firstId.client;
  const REQUEST = 'GET / HTTP/1.1\r\nhost: a\r\n\r\n';
  const isTyped = codec.traits.streamType === 'prefix';

  /** A request in frames that were cut there, in one chunk, with the type in the first frame where there is one. */
  function request(...cuts: readonly number[]): Uint8Array {
    const places = [0, ...cuts, REQUEST.length];
    const pieces = places.slice(1).map((end, n) => REQUEST.slice(places[n], end));
    const first = isTyped ? `\0\0\0\x07${pieces[0] ?? ''}` : (pieces[0] ?? '');
    const frames = [first, ...pieces.slice(1)].map((piece) => ({ kind: 'data', id, bytes: bytes(piece) }) as const);
    return bytesOf(codec, { kind: 'open', id }, ...frames);
  }

  test.each([[[8]], [[1]], [[3, 8, 16]], [[1, 2, 3, 4, 5, 6, 7, 8]]])(
    'finds the protocol of a request that came in one chunk, cut at %j, and its reader gets it whole',
    async (cuts) => {
      for (const isLate of [false, true]) {
        const peer = hostile({ codec });
        const seen: string[] = [];
        const late$ = new Subject<Conn>();
        const accept$: Observable<Conn> = isLate ? late$ : peer.victim.accept$;
        const sniffing = accept$.pipe(sniff(http1(), any())).subscribe({
          next: (conn) => {
            let all = '';
            conn.subscribe({ next: (chunk) => (all += text(chunk)), complete: () => seen.push(conn.protocol, all) });
          },
          error: nothing,
        });
        const flight = Buffer.concat([request(...cuts), bytesOf(codec, { kind: 'end', id })]);
        if (isLate) {
          // Half of it waits for somebody who accepts it, who comes while the rest does.
          peer.write(flight.subarray(0, flight.length - 30));
          peer.victim.accept$.subscribe(late$);
          peer.write(flight.subarray(flight.length - 30));
        } else peer.write(flight);
        await turn();
        expect(seen).toEqual(['http1', REQUEST]);
        sniffing.unsubscribe();
      }
    },
  );
});
