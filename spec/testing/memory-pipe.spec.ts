import { describe, expect, it } from '@jest/globals';
import { once } from 'node:events';
import { firstValueFrom, lastValueFrom, toArray } from 'rxjs';
import { TestScheduler } from 'rxjs/testing';
import { memoryPipe } from '../../src/testing/memory-pipe.js';

const bytes = (text: string): Uint8Array => Buffer.from(text);
const text = (chunks: readonly Uint8Array[]): string => Buffer.concat(chunks).toString();

describe('memoryPipe', () => {
  it('carries bytes both ways, cut as asked, with half-close', async () => {
    const [client, server] = memoryPipe({ chunkBytes: 2 });
    const atServer = lastValueFrom(server.pipe(toArray()));
    const atClient = lastValueFrom(client.pipe(toArray()));
    client.next(bytes('hello'));
    client.complete();
    expect((await atServer).map((chunk) => text([chunk]))).toEqual(['he', 'll', 'o']);
    server.next(bytes('bye'));
    server.complete();
    expect(text(await atClient)).toBe('bye');
    expect(await firstValueFrom(client.closed$)).toEqual({});
    expect([server.bytesRead, client.bytesRead]).toEqual([5, 3]);
  });

  it('holds the writer back past its capacity, and lets it go as the reader consumes', () => {
    const [client, server] = memoryPipe({ capacityBytes: 10 });
    client.next(new Uint8Array(10));
    expect(client.needsDrain).toBe(false);
    client.next(new Uint8Array(10));
    expect([client.needsDrain, client.bufferedBytes]).toEqual([true, 10]);
    server.subscribe();
    expect([client.needsDrain, client.bufferedBytes]).toEqual([false, 0]);
  });

  it('is as late as asked, in virtual time', () => {
    const scheduler = new TestScheduler(() => undefined);
    const arrivals: number[] = [];
    scheduler.run(() => {
      const [client, server] = memoryPipe({ latencyMs: 25 });
      server.subscribe(() => arrivals.push(scheduler.now()));
      client.next(bytes('a'));
      scheduler.schedule(() => {
        client.next(bytes('b'));
      }, 10);
    });
    expect(arrivals).toEqual([25, 35]);
  });

  it('is cut off in the middle when asked to', async () => {
    const [client, server] = memoryPipe({ cutAfterBytes: 3, chunkBytes: 1 });
    const ends = [server, client].map((conn) => lastValueFrom(conn.pipe(toArray())).catch((error: unknown) => error));
    client.next(bytes('abcdef'));
    for (const end of ends) expect(await end).toMatchObject({ code: 'ERR_MUX_RESET' });
  });

  it('drops what comes after its reader left, and lets the peer go on', () => {
    const [client, server] = memoryPipe({ capacityBytes: 10 });
    server.subscribe().unsubscribe();
    for (let n = 0; n < 100; n++) client.next(new Uint8Array(10));
    expect(client.bufferedBytes).toBe(0);
  });

  it('errors its writable Web Stream when it is gone', async () => {
    const [client, server] = memoryPipe();
    const writer = client.writable.getWriter();
    server.error(new Error('enough'));
    await expect(writer.write(bytes('late'))).rejects.toMatchObject({ code: 'ERR_MUX_RESET' });
    await expect(writer.closed).rejects.toMatchObject({ code: 'ERR_MUX_RESET' });
  });

  it('gives a second reader an error, and a reset one reason', async () => {
    const [client, server] = memoryPipe();
    server.subscribe({ error: () => undefined });
    await expect(lastValueFrom(server)).rejects.toMatchObject({ code: 'ERR_MUX_SECOND_SUBSCRIBE' });
    const failed = lastValueFrom(client);
    server.error(new Error('enough'));
    await expect(failed).rejects.toMatchObject({ code: 'ERR_MUX_RESET', initiator: 'remote' });
    expect((await firstValueFrom(server.closed$)).error).toMatchObject({ code: 'ERR_MUX_ABORT' });
  });

  it('is a Duplex of Node, too, with backpressure and half-close', async () => {
    const [client, server] = memoryPipe({ capacityBytes: 1000 });
    const [near, far] = [client.duplex(), server.duplex()];
    far.pipe(far);
    const received: Buffer[] = [];
    near.on('data', (chunk: Buffer) => received.push(chunk));
    near.end(Buffer.alloc(100_000, 'x'));
    await once(near, 'end');
    expect(Buffer.concat(received)).toHaveLength(100_000);
  });

  it('is a pair of Web Streams, too', async () => {
    const [client, server] = memoryPipe({ capacityBytes: 10 });
    const echo = server.readable.pipeTo(server.writable);
    const reply = lastValueFrom(client.pipe(toArray()));
    const writer = client.writable.getWriter();
    await writer.write(bytes('over the web'));
    await writer.close();
    await echo;
    expect(text(await reply)).toBe('over the web');
  });
});
