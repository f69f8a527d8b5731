import { describe, expect, test } from '@jest/globals';
import { Subject } from 'rxjs';
import { flowTo } from '../../src/flow/flow-to.js';
import { paced } from '../../src/flow/paced.js';
import type { MuxStream } from '../../src/session/mux-stream.js';
import { memoryPipe } from '../../src/testing/memory-pipe.js';
import { CODECS, ends, turn, turnsUntil, why } from './session-ends.js';

const CHUNK = new Uint8Array(50_000);

/** Writes 200 KB before the session is closed, and goes on; gives back what became of the late ones. */
const WAYS: readonly (readonly [name: string, write: (stream: MuxStream) => () => unknown])[] = [
  [
    'next',
    (stream) => {
      for (let n = 0; n < 4; n++) stream.next(CHUNK);
      return () => stream.next(CHUNK);
    },
  ],
  [
    'paced',
    (stream) => {
      for (let n = 0; n < 4; n++) stream.next(CHUNK);
      const late$ = new Subject<Uint8Array>();
      late$.pipe(paced(stream)).subscribe({ next: (chunk) => stream.next(chunk), error: () => undefined });
      return () => late$.next(CHUNK);
    },
  ],
  [
    'flowTo',
    (stream) => {
      for (let n = 0; n < 4; n++) stream.next(CHUNK);
      const [from, to] = memoryPipe({ capacityBytes: 1 << 20 });
      to.pipe(flowTo(stream)).subscribe();
      return () => from._write(CHUNK);
    },
  ],
  [
    'duplex',
    (stream) => {
      const duplex = stream.duplex().on('error', () => undefined);
      for (let n = 0; n < 4; n++) duplex.write(CHUNK);
      return () => duplex.write(CHUNK);
    },
  ],
  [
    'duplex, corked',
    (stream) => {
      const duplex = stream.duplex().on('error', () => undefined);
      duplex.cork();
      for (let n = 0; n < 4; n++) duplex.write(CHUNK);
      process.nextTick(() => duplex.uncork());
      return () => duplex.write(CHUNK);
    },
  ],
  [
    'writable',
    (stream) => {
      const writer = stream.writable.getWriter();
      const write = (): unknown => writer.write(CHUNK).catch(() => undefined);
      writer.closed.catch(() => undefined);
      for (let n = 0; n < 4; n++) write();
      return write;
    },
  ],
];

describe.each(CODECS)('close of a session of %s', (_name, codec) => {
  test.each(WAYS)('sends what was written before by %s, refuses the rest, and ends soon', async (_way, write) => {
    const pair = ends(codec, {}, { capacityBytes: 10_000 });
    let bytes = 0;
    const told: string[] = [];
    pair.server.accept$.subscribe((far) => {
      far.subscribe({
        next: (chunk) => (bytes += chunk.length),
        complete: () => told.push('complete'),
        error: () => told.push('error'),
      });
    });
    const stream = pair.client.open();
    const writeMore = write(stream);
    pair.client.close();
    for (let n = 0; n < 20; n++) {
      writeMore();
      await turn();
    }
    stream.complete();
    await turnsUntil(() => told.length > 0);
    expect([bytes, told]).toEqual([4 * CHUNK.length, ['error']]);
    expect(await Promise.all([why(pair.client), why(stream)])).toEqual([undefined, 'ERR_MUX_CLOSED']);
    expect(pair.clock.timers).toBe(0);
  });

  test('fails the writes that wait with ERR_MUX_CLOSED', async () => {
    const pair = ends(codec, {}, { capacityBytes: 10_000 });
    pair.server.accept$.subscribe((far) => far.subscribe({ error: () => undefined }));
    const [one, two] = [pair.client.open(), pair.client.open()];
    const told: unknown[] = [];
    const duplex = one.duplex().on('error', () => undefined);
    const writer = two.writable.getWriter();
    writer.closed.catch(() => undefined);
    duplex.write(CHUNK);
    void writer.write(CHUNK);
    pair.client.close();
    duplex.write(CHUNK, (error) => told.push((error as { readonly code?: string } | undefined)?.code));
    writer.write(CHUNK).catch((error: unknown) => told.push((error as { readonly code?: string }).code));
    await turnsUntil(() => told.length === 2);
    expect(told).toEqual(['ERR_MUX_CLOSED', 'ERR_MUX_CLOSED']);
  });
});
