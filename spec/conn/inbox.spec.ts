import { expect, test } from '@jest/globals';
import { VirtualTimeScheduler } from 'rxjs';
import { Inbox } from '../../src/conn/inbox.js';
import { MuxError } from '../../src/errors.js';

const bytes = (text: string): Uint8Array => Buffer.from(text);

function owned(): { readonly inbox: Inbox; readonly told: unknown[] } {
  const told: unknown[] = [];
  const inbox = new Inbox({
    onConsumed: (count) => told.push(count),
    onCancelled: () => told.push('cancelled'),
    onWanted: () => undefined,
    onThrown: (error) => told.push(error),
  });
  return { inbox, told };
}

const nothing = (): void => undefined;

test('a reader that throws is told to the owner, and not to who delivers', () => {
  const { inbox, told } = owned();
  const thrown = new Error('thrown on purpose');
  const seen: string[] = [];
  const reading = inbox.read({
    next: (chunk) => {
      seen.push(String(chunk));
      if (seen.length === 1) throw thrown;
    },
    complete: nothing,
    error: nothing,
  });
  reading.resume();
  inbox.push(bytes('a'));
  inbox.push(bytes('b'));
  expect([told, seen]).toEqual([[thrown], ['a', 'b'].map((text) => String(bytes(text)))]);
});

test('what a reader was at work on counts as consumed when it leaves, and not once more', () => {
  const { inbox, told } = owned();
  const reading = inbox.read({ next: nothing, complete: nothing, error: nothing });
  reading.resume();
  inbox.push(bytes('abc'));
  reading.cancel();
  reading.consumed(3);
  inbox.push(bytes('de'));
  expect(told).toEqual([3, 'cancelled', 2]);
});

test('small chunks that wait are gathered, but for the first few', () => {
  const { inbox } = owned();
  const seen: string[] = [];
  for (let n = 0; n < 1000; n++) inbox.push(bytes(String(n % 10)));
  const reading = inbox.read({
    next: (chunk) => seen.push(Buffer.from(chunk).toString()),
    complete: nothing,
    error: nothing,
  });
  reading.resume();
  expect(seen.join('')).toBe('0123456789'.repeat(100));
  expect(seen.length).toBe(17);
});

test('blocks of gathered chunks double up to 16 KiB, and a large chunk is one of its own', () => {
  const { inbox } = owned();
  const seen: number[] = [];
  for (let n = 0; n < 16 + 500; n++) inbox.push(new Uint8Array(100));
  inbox.push(new Uint8Array(5000));
  inbox.push(new Uint8Array(10));
  const reading = inbox.read({ next: (chunk) => seen.push(chunk.length), complete: nothing, error: nothing });
  reading.resume();
  expect(seen.slice(16)).toEqual([2000, 4000, 8100, 16_300, 16_300, 3300, 5000, 10]);
});

// A timer would keep a process alive whose iterator waits for nothing.
test.each([
  ['holds nothing', '', 0],
  ['has a byte to read', 'a', 1],
])('a paused reader that %s hears of the failure when it goes on', (_, left, timers) => {
  const { inbox } = owned();
  const scheduler = new VirtualTimeScheduler();
  const seen: unknown[] = [];
  const reading = inbox.read({
    next: (chunk) => seen.push(Buffer.from(chunk).toString()),
    complete: nothing,
    error: ({ code }) => seen.push(code),
  });
  if (left !== '') inbox.push(bytes(left));
  inbox.fail(new MuxError('ERR_MUX_TRANSPORT', 'lost'), { scheduler, stallTimeoutMs: 30_000 });
  expect([seen, scheduler.actions.length]).toEqual([[], timers]);
  reading.resume();
  expect(seen).toEqual([...(left === '' ? [] : [left]), 'ERR_MUX_TRANSPORT']);
});
