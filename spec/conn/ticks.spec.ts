import { afterEach, describe, expect, it, jest } from '@jest/globals';
import { VirtualTimeScheduler, type SchedulerLike } from 'rxjs';
import { fromWebSocket } from '../../src/conn/web-socket-conn.js';
import type { Conn } from '../../src/conn/conn.js';
import { FakeWebSocket } from './fake-web-socket.js';

const FULL = 262_144;

/** A Web Worker that answers when the spec says so. */
class FakeWorker {
  static readonly made: FakeWorker[] = [];
  onmessage: (() => void) | null = null;
  asked: number[] = [];
  terminated = 0;
  constructor() {
    FakeWorker.made.push(this);
  }
  postMessage(ms: number): void {
    this.asked.push(ms);
  }
  terminate(): void {
    this.terminated++;
  }
}

function ForbiddenWorker(): never {
  throw new Error('Refused by the Content Security Policy');
}

/** What is run by it comes no sooner than on the next full second, as in a hidden page. */
function onceASecond(clock: VirtualTimeScheduler): SchedulerLike {
  const schedule: SchedulerLike['schedule'] = (work, _delayMs, state) =>
    clock.schedule(work as never, 1000 - (clock.now() % 1000), state);
  return { now: () => clock.now(), schedule };
}

describe('a full WebSocket in a page', () => {
  const page = globalThis as { document?: unknown; Worker?: unknown };
  function inPage(hidden: boolean, worker: unknown = FakeWorker): { hidden: boolean } {
    const document = { hidden };
    page.document = document;
    page.Worker = worker;
    return document;
  }
  afterEach(() => {
    delete page.document;
    delete page.Worker;
    FakeWorker.made.length = 0;
  });

  function full(scheduler: SchedulerLike): { socket: FakeWebSocket; conn: Conn; drained: jest.Mock } {
    const socket = new FakeWebSocket();
    const conn = fromWebSocket(socket, { scheduler });
    socket.bufferedAmount = FULL;
    const drained = jest.fn();
    conn._drained(drained);
    return { socket, conn, drained };
  }
  const worker = (): FakeWorker => FakeWorker.made[0] as FakeWorker;

  it('lets its writers go on without a timer while the page is hidden', () => {
    inPage(true);
    const { socket, conn, drained } = full(new VirtualTimeScheduler());
    expect(worker().asked).toEqual([5]);
    worker().onmessage?.();
    expect([worker().asked, drained.mock.calls.length]).toEqual([[5, 5], 0]);
    socket.bufferedAmount = 0;
    worker().onmessage?.();
    expect([worker().asked, drained.mock.calls.length]).toEqual([[5, 5], 1]);

    // The next wait has the same worker, which is asked one thing at a time.
    socket.bufferedAmount = FULL;
    conn._drained(drained)();
    conn._drained(drained);
    expect([FakeWorker.made.length, worker().asked]).toEqual([1, [5, 5, 5]]);
    socket.emit('close', { code: 1000, reason: '' });
    expect([worker().terminated, drained.mock.calls.length]).toEqual([1, 2]);
    worker().onmessage?.();
    expect(worker().asked).toHaveLength(3);
  });

  it('does so in a page that is in view and whose timers are held back', () => {
    inPage(false);
    const clock = new VirtualTimeScheduler();
    const { socket, drained } = full(onceASecond(clock));
    expect(FakeWorker.made).toHaveLength(0);
    clock.maxFrames = 1500;
    clock.flush();
    expect(worker().asked).toEqual([5]);
    socket.bufferedAmount = 0;
    worker().onmessage?.();
    expect(drained).toHaveBeenCalledTimes(1);
  });

  it('needs no worker while timers come in time', () => {
    inPage(false);
    const clock = new VirtualTimeScheduler();
    const { socket, drained } = full(clock);
    clock.schedule(() => (socket.bufferedAmount = 0), 500);
    clock.maxFrames = 1000;
    clock.flush();
    expect([drained.mock.calls.length, FakeWorker.made.length]).toEqual([1, 0]);
  });

  it.each([
    ['are forbidden', ForbiddenWorker],
    ['do not exist', undefined],
  ])('goes by the timer where workers %s', (_why, Worker) => {
    inPage(true, Worker);
    const clock = new VirtualTimeScheduler();
    const { socket, drained } = full(onceASecond(clock));
    socket.bufferedAmount = 0;
    clock.maxFrames = 1500;
    clock.flush();
    expect(drained).toHaveBeenCalledTimes(1);
  });

  it('is asked whenever a message comes in', () => {
    const { socket, drained } = full(new VirtualTimeScheduler());
    socket.receive(Uint8Array.of(1));
    expect(drained).not.toHaveBeenCalled();
    socket.bufferedAmount = FULL - 1;
    socket.receive(Uint8Array.of(1));
    expect(drained).toHaveBeenCalledTimes(1);
  });

  it('starts no worker outside of a page', () => {
    page.Worker = FakeWorker;
    full(new VirtualTimeScheduler());
    expect(FakeWorker.made).toHaveLength(0);
  });
});
