import { describe, expect, test } from '@jest/globals';
import { EMPTY, map, NEVER, Subject, type Observable, type OperatorFunction } from 'rxjs';
import { consume } from '../../src/flow/consume.js';
import { onBackpressureBuffer } from '../../src/flow/on-backpressure-buffer.js';
import { turn } from '../session/session-ends.js';

const KIB = 1024;

/** Operators behind which no Conn can be held back: what a slow reader has not taken waits in memory. */
const BEFORE: readonly (readonly [name: string, operator: OperatorFunction<Uint8Array, Uint8Array>])[] = [
  ['map', map((chunk) => chunk)],
  ['onBackpressureBuffer', onBackpressureBuffer()],
];

/** A reader whose first chunk keeps it at work until it is let go. */
function slow(chunks$: Observable<Uint8Array>): { readonly seen: Uint8Array[]; letGo: () => void } {
  const gate = new Subject<never>();
  const seen: Uint8Array[] = [];
  const work = (chunk: Uint8Array, index: number): Observable<never> => {
    seen.push(chunk);
    return index === 0 ? gate : EMPTY;
  };
  chunks$.pipe(consume(work)).subscribe();
  return { seen, letGo: () => gate.complete() };
}

describe.each(BEFORE)('chunks that wait behind %s', (_name, operator) => {
  test('keep no more memory than a few times their bytes, whatever they were cut from', () => {
    const source = new Subject<Uint8Array>();
    const { seen, letGo } = slow(source.pipe(operator));
    const count = 1000;
    for (let n = 0; n <= count; n++) source.next(new Uint8Array(64 * KIB).fill(n).subarray(100, 101));
    letGo();
    const waited = seen.slice(1);
    const bytes = waited.flatMap((chunk) => [...chunk]);
    expect(bytes).toEqual(Array.from({ length: count }, (_, n) => (n + 1) & 0xff));
    const buffers = new Set(waited.map(({ buffer }) => buffer));
    const kept = [...buffers].reduce((sum, { byteLength }) => sum + byteLength, 0);
    // 64 MB today if they are kept as they came.
    expect(kept).toBeLessThanOrEqual(8 * KIB);
  });

  test('are taken in linear time: 200,000 of a byte each, in 5 seconds', async () => {
    const source = new Subject<Uint8Array>();
    const { seen, letGo } = slow(source.pipe(operator));
    const count = 200_000;
    const chunk = new Uint8Array(1);
    for (let n = 0; n < count; n++) source.next(chunk);
    // From a turn of its own, and two more behind it: a timer that is due comes before they are over.
    await turn();
    letGo();
    await turn();
    await turn();
    expect(seen.reduce((sum, { length }) => sum + length, 0)).toBe(count);
  }, 5000);
});

test('a chunk that a reader takes at once is handed on as it is, unless it is a small part of its buffer', () => {
  const source = new Subject<Uint8Array>();
  const seen: Uint8Array[] = [];
  source
    .pipe(
      map((chunk) => chunk),
      consume((chunk) => (seen.push(chunk), EMPTY)),
    )
    .subscribe();
  const chunks = [new Uint8Array(64 * KIB), new Uint8Array(64 * KIB).fill(7).subarray(0, 1)];
  for (const chunk of chunks) source.next(chunk);
  expect(seen[0]).toBe(chunks[0]);
  expect([seen[1], seen[1]?.buffer.byteLength]).toEqual([Uint8Array.of(7), 1]);
});

test('a part of a Buffer of Node is handed on as a Buffer, as a socket gives it', () => {
  const source = new Subject<Uint8Array>();
  const seen: Uint8Array[] = [];
  source.pipe(consume((chunk) => (seen.push(chunk), EMPTY))).subscribe();
  const chunk = Buffer.alloc(64 * KIB, 'text').subarray(0, 4);
  source.next(chunk);
  expect([String(seen[0]), seen[0]?.buffer === chunk.buffer]).toEqual(['text', false]);
});

test('large chunks wait as they are, and the bound counts their bytes', () => {
  const source = new Subject<Uint8Array>();
  const codes: string[] = [];
  source
    .pipe(
      onBackpressureBuffer({ maxBytes: 64 * KIB }),
      consume(() => NEVER),
    )
    .subscribe({
      error: (error: { readonly code: string }) => codes.push(error.code),
    });
  for (let n = 0; n < 3; n++) source.next(new Uint8Array(32 * KIB));
  expect(codes).toEqual([]);
  source.next(new Uint8Array(1));
  expect(codes).toEqual(['ERR_MUX_OVERFLOW']);
});
