import { describe, expect, it } from '@jest/globals';
import { once } from 'node:events';
import type { Socket } from 'node:net';
import { Readable, Writable, type Duplex } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { firstValueFrom, lastValueFrom, toArray, VirtualTimeScheduler } from 'rxjs';
import type { Conn } from '../../src/conn/conn.js';
import { duplexOver } from '../../src/conn/conn-duplex.js';
import { memoryPipe, type MemoryPipeOptions } from '../../src/testing/memory-pipe.js';

type StreamSocket = Duplex &
  Pick<Socket, 'address' | 'bytesRead' | 'bytesWritten' | 'destroySoon' | 'localAddress' | 'localPort' | 'readyState'> &
  Pick<Socket, 'remoteAddress' | 'remoteFamily' | 'remotePort' | 'resetAndDestroy' | 'setKeepAlive' | 'setTimeout'> & {
    readonly timeout: number;
  };

// Its type is that of any Duplex; servers find the rest of a socket by asking.
const socketOver = (conn: Conn, scheduler?: VirtualTimeScheduler): StreamSocket =>
  duplexOver(conn, scheduler) as Duplex as StreamSocket;

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

async function turns(count: number): Promise<void> {
  for (let i = 0; i < count; i++) await turn();
}

function pair(options?: MemoryPipeOptions): {
  readonly peer: Conn;
  readonly conn: Conn;
  readonly duplex: StreamSocket;
} {
  const [peer, conn] = memoryPipe(options);
  return { peer, conn, duplex: socketOver(conn) };
}

// `once` of node:events would reject at an error.
const closed = (duplex: Duplex): Promise<void> => new Promise((resolve) => duplex.once('close', () => resolve()));

/** The codes of all errors that the stream emits. */
function errorsOf(duplex: Duplex): unknown[] {
  const errors: unknown[] = [];
  duplex.on('error', (error: NodeJS.ErrnoException) => errors.push(error.code ?? error.message));
  return errors;
}

const received = (conn: Conn): Promise<string> =>
  lastValueFrom(conn.pipe(toArray())).then((chunks) => Buffer.concat(chunks).toString());

describe('a Duplex over a Conn, as a socket', () => {
  it('has the addresses and counters of the connection', () => {
    const { peer, conn, duplex } = pair();
    expect([duplex.remoteAddress, duplex.remotePort, duplex.remoteFamily]).toEqual(['192.0.2.2', 50_000, 'IPv4']);
    expect([duplex.localAddress, duplex.localPort, duplex.address()]).toEqual([undefined, undefined, {}]);
    conn._readdress({ remoteAddress: '2001:db8::1', remotePort: 1, localAddress: '192.0.2.9', localPort: 443 });
    expect([duplex.remoteAddress, duplex.remotePort, duplex.remoteFamily]).toEqual(['2001:db8::1', 1, 'IPv6']);
    expect(duplex.address()).toEqual({ address: '192.0.2.9', family: 'IPv4', port: 443 });
    peer.next(new Uint8Array(3));
    duplex.write('four');
    expect([duplex.bytesRead, duplex.bytesWritten]).toEqual([3, 4]);
    expect(duplex).toMatchObject({ encrypted: false, connecting: false, pending: false, allowHalfOpen: true });
  });

  it('takes the settings of a socket, as agents make them unasked', () => {
    const { duplex } = pair();
    expect(duplex.setKeepAlive(true, 1000).setNoDelay(true).unref().ref()).toBe(duplex);
  });

  it('tells its state as a socket does', async () => {
    const { peer, duplex } = pair();
    expect(duplex.readyState).toBe('open');
    duplex.end();
    expect(duplex.readyState).toBe('readOnly');
    peer.complete();
    await closed(duplex.resume());
    expect(duplex.readyState).toBe('closed');
  });
});

describe('setTimeout of a Duplex over a Conn', () => {
  function timed(ms: number): { readonly duplex: StreamSocket; readonly peer: Conn; readonly log: number[] } & {
    readonly at: (ms: number, act: () => void) => void;
    readonly run: () => void;
  } {
    const scheduler = new VirtualTimeScheduler();
    const [peer, conn] = memoryPipe({ capacityBytes: 10 });
    const duplex = socketOver(conn, scheduler);
    const log: number[] = [];
    duplex.on('timeout', () => log.push(scheduler.now()));
    expect(duplex.setTimeout(ms)).toBe(duplex);
    return {
      duplex,
      peer,
      log,
      at: (when, act) => scheduler.schedule(act, when),
      run: () => {
        scheduler.flush();
      },
    };
  }

  it('emits timeout once after so long a silence, and leaves the stream open', () => {
    const { duplex, log, run } = timed(100);
    run();
    expect(log).toEqual([100]);
    expect([duplex.timeout, duplex.destroyed]).toEqual([100, false]);
  });

  it('begins anew with what is read and with what is written', () => {
    const { duplex, peer, log, at, run } = timed(100);
    duplex.resume().read(0);
    at(60, () => {
      duplex.write('one');
    });
    at(130, () => {
      peer.next(Buffer.from('two'));
    });
    at(500, () => {
      duplex.write('after the first time');
    });
    run();
    expect(log).toEqual([230, 600]);
  });

  it('begins anew when the peer takes what was waiting', () => {
    const { duplex, peer, log, at, run } = timed(100);
    duplex.write(new Uint8Array(10));
    duplex.write(new Uint8Array(10));
    at(90, () => {
      peer.subscribe();
    });
    run();
    expect(log).toEqual([190]);
  });

  it('is turned off by 0, with its callback, and by the end of the stream', () => {
    const first = timed(100);
    const calls: string[] = [];
    const onTimeout = (): void => {
      calls.push('called');
    };
    first.duplex.setTimeout(100, onTimeout).setTimeout(0, onTimeout);
    first.run();
    expect([first.log, calls, first.duplex.listenerCount('timeout')]).toEqual([[], [], 1]);
    const second = timed(100);
    second.duplex.setTimeout(50, onTimeout);
    second.run();
    expect([second.log, calls]).toEqual([[50], ['called']]);
    const third = timed(100);
    third.duplex.destroy();
    third.duplex.setTimeout(10);
    third.run();
    expect(third.log).toEqual([]);
  });

  it('refuses what is no time, and takes any longer one for the longest', () => {
    const { duplex } = pair();
    for (const ms of [-1, NaN]) {
      expect(() => duplex.setTimeout(ms)).toThrow(expect.objectContaining({ code: 'ERR_MUX_OPTION' }));
    }
    const { duplex: longest } = timed(Infinity);
    expect(longest.timeout).toBe(2 ** 31 - 1);
  });
});

describe('the end of a Duplex over a Conn', () => {
  it('is shown in a later macrotask than the first read, even if it came long before', async () => {
    const { peer, duplex } = pair();
    let hasEnded = false;
    duplex.on('end', () => (hasEnded = true));
    peer.complete();
    await turns(3);
    duplex.resume();
    await new Promise((resolve) => process.nextTick(resolve));
    await Promise.resolve();
    expect(hasEnded).toBe(false);
    await turns(3);
    expect(hasEnded).toBe(true);
  });

  it('is shown two turns later, whatever else ends in between', async () => {
    const [one, other] = [pair(), pair()];
    const log: string[] = [];
    one.duplex.resume().on('end', () => log.push('end'));
    other.duplex.resume();
    await turns(1);
    setImmediate(() => one.peer.complete());
    other.peer.complete();
    setImmediate(() => setImmediate(() => log.push('a turn later')));
    await once(one.duplex, 'end');
    expect(log).toEqual(['a turn later', 'end']);
  });

  it('comes behind all bytes, and both ends together close it without an error', async () => {
    const { peer, conn, duplex } = pair();
    const errors = errorsOf(duplex);
    peer.next(Buffer.from('request'));
    peer.complete();
    const reply = received(peer);
    const request: string[] = [];
    duplex.on('data', (chunk: Buffer) => request.push(chunk.toString()));
    await once(duplex, 'end');
    expect([request, duplex.destroyed]).toEqual([['request'], false]);
    duplex.end('reply');
    await closed(duplex);
    expect(await reply).toBe('reply');
    expect(await firstValueFrom(conn.closed$)).toEqual({});
    expect(errors).toEqual([]);
  });

  it('session case 33: allowHalfOpen true leaves the other direction open, false ends it', async () => {
    const open = pair();
    open.peer.complete();
    await once(open.duplex.resume(), 'end');
    await turns(2);
    expect(open.duplex.writable).toBe(true);
    const shut = pair();
    shut.duplex.allowHalfOpen = false;
    shut.peer.complete();
    const toPeer = received(shut.peer);
    await closed(shut.duplex.resume());
    expect(await toPeer).toBe('');
  });

  it('lets what was written before destroySoon arrive at a peer that is slow', async () => {
    const { peer, duplex } = pair({ capacityBytes: 1000 });
    duplex.write('x'.repeat(50_000));
    duplex.destroySoon();
    expect(await received(peer)).toHaveLength(50_000);
    await turns(2);
    expect(duplex.destroyed).toBe(true);
  });

  it('leaves the peer to end after destroySoon, and cancels only what still comes', async () => {
    const calm = pair();
    const quiet = received(calm.peer);
    calm.duplex.end('reply');
    calm.duplex.destroySoon();
    await closed(calm.duplex);
    calm.peer.complete();
    expect(await quiet).toBe('reply');
    expect(await firstValueFrom(calm.conn.closed$)).toEqual({});
    expect(await firstValueFrom(calm.peer.closed$)).toEqual({});
    const busy = pair({ capacityBytes: 100 });
    busy.duplex.end('reply');
    busy.duplex.destroySoon();
    await closed(busy.duplex);
    busy.peer.next(new Uint8Array(1));
    expect((await firstValueFrom(busy.peer.closed$)).error?.code).toBe('ERR_MUX_RESET');
    expect(await received(busy.peer)).toBe('reply');
  });

  it('ends what destroySoon finds ended already', async () => {
    const { duplex } = pair();
    duplex.end();
    await once(duplex, 'finish');
    duplex.destroySoon();
    expect(duplex.destroyed).toBe(true);
  });
});

describe('a Duplex over a Conn that fails', () => {
  it('is destroyed at once with the error of a reset, read, paused or not begun', async () => {
    for (const prepare of [
      (duplex: Duplex) => duplex.resume(),
      (duplex: Duplex) => void duplex.pause().read(0),
      (duplex: Duplex) => duplex.push(new Uint8Array(100_000)),
      () => undefined,
    ]) {
      const { peer, duplex } = pair();
      const errors = errorsOf(duplex);
      prepare(duplex);
      peer.next(Buffer.from('part'));
      peer.error(new Error('gone'));
      expect(duplex.destroyed).toBe(true);
      await closed(duplex);
      expect(errors).toEqual(['ERR_MUX_RESET']);
    }
  });

  it('shows its reader an end that came right before a reset', async () => {
    const { peer, duplex } = pair();
    const log: unknown[] = [];
    duplex.on('data', (chunk: Buffer) => log.push(chunk.toString())).on('end', () => log.push('end'));
    duplex.on('error', (error: NodeJS.ErrnoException) => log.push(error.code));
    duplex.read(0);
    peer.next(Buffer.from('all'));
    peer.complete();
    peer.error(new Error('gone'));
    await closed(duplex);
    expect(log).toEqual(['all', 'end', 'ERR_MUX_RESET']);
  });

  it('is destroyed by a reset long after the end of the peer', async () => {
    const { peer, duplex } = pair();
    const errors = errorsOf(duplex);
    peer.complete();
    await once(duplex.resume(), 'end');
    peer.error(new Error('gone'));
    await closed(duplex);
    expect(errors).toEqual(['ERR_MUX_RESET']);
  });

  it('ends a write that waits when the peer vanishes', async () => {
    const { peer, duplex } = pair({ capacityBytes: 10 });
    const errors = errorsOf(duplex);
    const written = new Promise((resolve) => duplex.write(new Uint8Array(100), resolve));
    await turns(2);
    peer.error(new Error('gone'));
    await written;
    await closed(duplex);
    expect(errors).toEqual(['ERR_MUX_RESET']);
  });

  it('session case 33: destroy(error) resets the connection with that error', async () => {
    const { peer, conn, duplex } = pair();
    const errors = errorsOf(duplex);
    const atPeer = received(peer);
    duplex.destroy(new Error('no more'));
    await expect(atPeer).rejects.toMatchObject({ code: 'ERR_MUX_RESET', initiator: 'remote' });
    const { error } = await firstValueFrom(conn.closed$);
    expect(error).toMatchObject({ code: 'ERR_MUX_ABORT', initiator: 'local' });
    expect(error?.message).toContain('no more');
    await closed(duplex);
    expect(errors).toEqual(['no more']);
  });

  it('is gone without an error after destroy() and after resetAndDestroy(), and so is the connection', async () => {
    for (const end of [
      (duplex: StreamSocket) => duplex.destroy(),
      (duplex: StreamSocket) => duplex.resetAndDestroy(),
    ]) {
      const { peer, conn, duplex } = pair();
      const errors = errorsOf(duplex);
      const atPeer = received(peer);
      expect(end(duplex)).toBe(duplex);
      await expect(atPeer).rejects.toMatchObject({ code: 'ERR_MUX_RESET' });
      await firstValueFrom(conn.closed$);
      await turns(1);
      expect([errors, duplex.closed]).toEqual([[], true]);
    }
  });

  it('resets the connection by resetAndDestroy, not by destroy', async () => {
    const calm = pair();
    calm.duplex.destroy();
    expect(await firstValueFrom(calm.conn.closed$)).toEqual({});
    const abrupt = pair();
    abrupt.duplex.resetAndDestroy();
    expect((await firstValueFrom(abrupt.conn.closed$)).error).toMatchObject({ code: 'ERR_MUX_ABORT' });
  });

  it('is destroyed from the beginning over a connection that was gone before', async () => {
    const [peer, conn] = memoryPipe();
    peer.error(new Error('gone'));
    const duplex = duplexOver(conn);
    expect(duplex.destroyed).toBe(true);
    const errors = errorsOf(duplex);
    await closed(duplex);
    expect(errors).toEqual(['ERR_MUX_RESET']);
  });

  it('tells a paused reader without a read of an end that nothing is before', async () => {
    const { peer, duplex } = pair();
    duplex.pause().read(0);
    peer.complete();
    await once(duplex, 'end');
    expect(duplex.isPaused()).toBe(true);
  });

  it('is destroyed at the first read over a connection that another reads, who reads on', async () => {
    const [peer, conn] = memoryPipe();
    const first = received(conn);
    const duplex = duplexOver(conn);
    const errors = errorsOf(duplex);
    await closed(duplex.resume());
    expect(errors).toEqual(['ERR_MUX_SECOND_SUBSCRIBE']);
    peer.next(Buffer.from('for the first'));
    peer.complete();
    expect(await first).toBe('for the first');
  });
});

describe('what a Duplex over a Conn has consumed', () => {
  const SENT = 400_000;
  const CAPACITY = 100_000;

  // What the peer may send beyond the capacity of the pipe is what was consumed here.
  function filled(): { readonly duplex: Duplex; readonly peer: Conn; readonly consumed: () => number } {
    const { peer, duplex } = pair({ capacityBytes: CAPACITY, chunkBytes: 2000 });
    peer.next(new Uint8Array(SENT));
    return { duplex, peer, consumed: () => SENT - peer.bufferedBytes - CAPACITY };
  }

  it('is nothing while nobody reads, or while it is paused, though its own buffer is full', async () => {
    const { duplex, consumed } = filled();
    duplex.pause();
    duplex.read(0);
    await turns(2);
    expect(duplex.readableLength).toBeGreaterThan(0);
    expect(duplex.readableLength).toBeLessThanOrEqual(duplex.readableHighWaterMark + 2000);
    expect(consumed()).toBe(0);
  });

  it('is what read() has given, to the chunk', async () => {
    const { duplex, consumed } = filled();
    await once(duplex, 'readable');
    duplex.read(2000);
    expect(consumed()).toBe(2000);
    duplex.read(6000);
    expect(consumed()).toBe(8000);
  });

  it('is what was emitted, and stops at pause()', async () => {
    const { duplex, consumed } = filled();
    let seen = 0;
    duplex.on('data', (chunk: Buffer) => {
      seen += chunk.length;
      if (seen >= 250_000) duplex.pause();
    });
    while (seen < 250_000) await turn();
    await turns(2);
    expect([seen, consumed()]).toEqual([250_000, 250_000]);
  });

  it('session case 33: is what a for await loop has taken, a break of which ends the connection', async () => {
    const { duplex, peer, consumed } = filled();
    let seen = 0;
    for await (const chunk of duplex as AsyncIterable<Buffer>) {
      seen += chunk.length;
      expect(consumed()).toBe(seen);
      if (seen > 60_000) break;
    }
    expect(duplex.destroyed).toBe(true);
    await expect(received(peer)).rejects.toMatchObject({ code: 'ERR_MUX_RESET' });
  });

  it('session case 33: follows a slow end of a pipeline, with no more than two buffers in between', async () => {
    const { duplex, peer, consumed } = filled();
    let taken = 0;
    let mostBetween = 0;
    const slow = new Writable({
      write(chunk: Buffer, _encoding, done) {
        taken += chunk.length;
        if (consumed() < SENT - CAPACITY) mostBetween = Math.max(mostBetween, consumed() - taken);
        setImmediate(done);
      },
    });
    peer.complete();
    await pipeline(duplex, slow);
    expect(taken).toBe(SENT);
    expect(mostBetween).toBeLessThanOrEqual(slow.writableHighWaterMark + duplex.readableHighWaterMark);
  });

  it('counts what is put back once only', async () => {
    const { duplex, consumed } = filled();
    await once(duplex, 'readable');
    const first = duplex.read(4000) as Buffer;
    duplex.unshift(first);
    expect(consumed()).toBe(4000);
    duplex.read(4000);
    expect(consumed()).toBe(4000);
    duplex.read(2000);
    expect(consumed()).toBe(6000);
  });

  it('is all that was delivered once the stream is destroyed', async () => {
    const [peer, conn] = memoryPipe();
    let consumed = 0;
    const read = conn._read.bind(conn);
    conn._read = (intake) => {
      const reading = read(intake);
      const original = reading.consumed.bind(reading);
      return Object.assign(reading, {
        consumed: (bytes: number) => {
          consumed += bytes;
          original(bytes);
        },
      });
    };
    const duplex = duplexOver(conn);
    peer.next(new Uint8Array(5000));
    await once(duplex, 'readable');
    duplex.read(1000);
    expect(consumed).toBe(1000);
    duplex.destroy();
    expect(consumed).toBe(5000);
  });
});

describe('what is written to a Duplex over a Conn', () => {
  it('goes out in order, many chunks at once, and waits once for a peer that is slow', async () => {
    const { peer, conn, duplex } = pair({ capacityBytes: 100 });
    let waits = 0;
    const drained = conn._drained.bind(conn);
    conn._drained = (callback) => {
      waits++;
      return drained(callback);
    };
    duplex.cork();
    for (let i = 0; i < 50; i++) duplex.write(`${i},`.padStart(10));
    duplex.uncork();
    duplex.end();
    await turns(1);
    expect(waits).toBe(1);
    const text = await received(peer);
    expect(text.replaceAll(' ', '')).toBe(Array.from({ length: 50 }, (_, i) => `${i},`).join(''));
  });

  it('is not lost when it is written in answer to what is being written', async () => {
    const { peer, duplex } = pair();
    const answer = new Promise<void>((resolve) => {
      peer.subscribe((chunk) => {
        if (Buffer.from(chunk).equals(Buffer.from('answer'))) resolve();
        else if (Buffer.from(chunk).equals(Buffer.from('two'))) peer.next(Buffer.from('question'));
      });
    });
    duplex.once('data', () => duplex.write('answer'));
    await turns(1);
    duplex.cork();
    duplex.write('one');
    duplex.write('two');
    duplex.uncork();
    await answer;
  });

  it('holds a source back while the peer does not read', async () => {
    const { peer, conn, duplex } = pair({ capacityBytes: 1000 });
    let pulled = 0;
    const source = new Readable({
      read() {
        pulled++;
        this.push(pulled > 100 ? null : Buffer.alloc(10_000));
      },
    });
    const piped = pipeline(source, duplex);
    await turns(20);
    expect(pulled).toBeLessThan(10);
    expect(conn.bytesWritten).toBeLessThan(100_000);
    expect(await received(peer)).toHaveLength(1_000_000);
    peer.complete();
    duplex.resume();
    await piped;
  });
});
