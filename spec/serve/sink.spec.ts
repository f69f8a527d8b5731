import { afterEach, expect, test } from '@jest/globals';
import { EventEmitter } from 'node:events';
import { duplexPair, PassThrough, type Duplex } from 'node:stream';
import { config, throwError, VirtualTimeScheduler } from 'rxjs';
import { fromDuplex } from '../../src/net/duplex-conn.js';
import { OpenStreams } from '../../src/serve/open-streams.js';
import { streamSink, type Sink } from '../../src/serve/sink.js';
import { toHttp } from '../../src/serve/to-http.js';
import { toHttp2 } from '../../src/serve/to-http2.js';
import { toTls } from '../../src/serve/to-tls.js';
import { Stage } from './sink-harness.js';

const stage = new Stage();
afterEach(() => stage.down());

function keeping(): { readonly sink: Sink; readonly taken: Duplex[] } {
  const taken: Duplex[] = [];
  return {
    taken,
    sink: streamSink(
      (stream) => taken.push(stream),
      () => undefined,
    ),
  };
}

test('what is left at the end of the grace time is destroyed, and not before', async () => {
  const { sink } = keeping();
  const [near, far] = duplexPair();
  sink.next(fromDuplex(far));
  const scheduler = new VirtualTimeScheduler();
  const closed = sink.close({ graceMs: 5000, scheduler });
  expect(far.destroyed).toBe(false);
  scheduler.flush();
  await closed;
  expect([far.destroyed, scheduler.frame]).toEqual([true, 5000]);
  near.destroy();
});

test('close resolves once the last connection has ended by itself, and forgets its deadline', async () => {
  const { sink } = keeping();
  const [near, far] = duplexPair();
  sink.next(fromDuplex(far));
  const scheduler = new VirtualTimeScheduler();
  const closed = sink.close({ scheduler });
  far.resume().end();
  near.resume().end();
  await closed;
  scheduler.flush();
  expect(scheduler.frame).toBe(0);
});

test('a connection that comes after close is closed at once and handed to nobody', async () => {
  const { sink, taken } = keeping();
  await sink.close();
  const [, far] = duplexPair();
  sink.next(fromDuplex(far));
  expect([far.destroyed, taken]).toEqual([true, []]);
});

test('a second close gives the promise of the first', () => {
  const { sink } = keeping();
  expect(sink.close()).toBe(sink.close({ graceMs: 1 }));
});

test.each([-1, NaN, Infinity, 2 ** 31])('graceMs %p is refused, and nothing is closed', (graceMs) => {
  const { sink, taken } = keeping();
  expect(() => sink.close({ graceMs })).toThrow(expect.objectContaining({ code: 'ERR_MUX_OPTION' }));
  sink.next(fromDuplex(new PassThrough()));
  expect(taken).toHaveLength(1);
});

test('a connection that was reset before it is handed over reaches no server and ends no process', async () => {
  const { sink, taken } = keeping();
  const stream = new PassThrough();
  const conn = fromDuplex(stream);
  stream.destroy(new Error('reset'));
  sink.next(conn);
  await new Promise((resolve) => stream.once('close', resolve));
  expect(taken).toEqual([]);
});

test('an error of the source is reported by rxjs, not swallowed', async () => {
  const { sink } = keeping();
  const failure = new Error('the listener failed');
  const reported = new Promise((resolve) => (config.onUnhandledError = resolve));
  stage.onDown(() => (config.onUnhandledError = null));
  throwError(() => failure).subscribe(sink);
  expect(await reported).toBe(failure);
});

test('closed streams are not kept: 64 of them at most, or as many as are open', () => {
  const open = new OpenStreams();
  const live = new PassThrough();
  let asked = 0;
  const closed = Object.defineProperty(new PassThrough(), 'closed', { get: () => (asked++, true) });
  open.add(live, open);
  for (let i = 0; i < 1000; i++) open.add(closed, open);
  asked = 0;
  expect(open.of()).toEqual([live]);
  expect(asked).toBeLessThan(64);
});

// As an application of express is: it would be told of each connection, and leave it.
test.each([['toHttp', toHttp] as const, ['toHttp2', toHttp2] as const, ['toTls', toTls] as const])(
  '%s refuses what emits and is no server',
  (_name, to) => {
    expect(() => to(new EventEmitter() as never)).toThrow(expect.objectContaining({ code: 'ERR_MUX_OPTION' }));
  },
);
