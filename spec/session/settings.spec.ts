import { describe, expect, test } from '@jest/globals';
import { receiveBudget, type SessionOptions } from '../../src/session/options.js';
import { settle } from '../../src/session/settings.js';
import { muxado, smux, yamux } from '../../src/wire/index.js';
import { CODECS } from './session-ends.js';

const KIB = 1024;
const MIB = 1024 * KIB;

describe('the settings of a session', () => {
  test.each(CODECS)('of %s have a default that fits the protocol for everything', (_name, codec) => {
    const settings = settle({ codec, role: 'client' });
    const { initialWindowBytes, maxPayloadBytes, heartbeat } = codec.traits;
    expect(settings).toMatchObject({
      windowBytes: initialWindowBytes,
      maxFrameBytes: maxPayloadBytes,
      keepAlive: { intervalMs: heartbeat.intervalMs, timeoutMs: heartbeat.timeoutMs },
    });
    expect(Object.values(settings)).not.toContain(undefined);
  });

  test('hold 4 MiB unread where the protocol has no windows, and 160 MiB where it has', () => {
    expect(settle({ codec: smux(), role: 'client' }).receiveBudgetBytes).toBe(4 * MIB);
    expect(settle({ codec: yamux(), role: 'client' }).receiveBudgetBytes).toBe(160 * MIB);
  });

  test('let no window grow past what was asked for, which is at least its beginning', () => {
    expect(settle({ codec: yamux(), role: 'client', windowBytes: 96 * MIB }).maxWindowBytes).toBe(96 * MIB);
    expect(settle({ codec: yamux(), role: 'client', maxWindowBytes: MIB }).maxWindowBytes).toBe(MIB);
  });

  test('keep the tolerance of the protocol when only the interval is given', () => {
    const { intervalMs, timeoutMs } = yamux().traits.heartbeat;
    const settings = settle({ codec: yamux(), role: 'client', keepAlive: { intervalMs: 1000 } });
    expect(settings.keepAlive).toEqual({ intervalMs: 1000, timeoutMs: 1000 + timeoutMs - intervalMs });
    expect(settle({ codec: yamux(), role: 'client', keepAlive: false }).keepAlive).toBe(false);
  });

  test('share the budget of the process unless they have one', () => {
    const [first, second] = [settle({ codec: yamux(), role: 'client' }), settle({ codec: smux(), role: 'server' })];
    expect(first.budget).toBe(second.budget);
    expect(first.budget.maxBytes).toBe(1024 * MIB);
    const budget = receiveBudget({ maxBytes: 5 });
    expect(settle({ codec: yamux(), role: 'client', budget }).budget).toBe(budget);
  });

  const wrong: Partial<SessionOptions>[] = [
    { role: 'peer' as 'client' },
    { windowBytes: 256 * KIB - 1 },
    { windowBytes: 1.5 * MIB + 0.5 },
    { windowBytes: 2 ** 32 },
    { maxWindowBytes: 256 * KIB - 1 },
    { windowBytes: MIB, maxWindowBytes: MIB - 1 },
    { maxFrameBytes: 0 },
    { maxFrameBytes: 65_537 },
    { maxDebugBytes: 1025 },
    { maxStreams: -1 },
    { maxOpenStreams: NaN },
    { maxUnacceptedStreams: Infinity },
    { maxWaitingOpens: 0.5 },
    { acceptBacklog: -1 },
    { sendBufferBytes: -1 },
    { receiveBudgetBytes: -1 },
    { frameTimeoutMs: 0 },
    { stallTimeoutMs: 0 },
    { writeTimeoutMs: 0 },
    { lingerTimeoutMs: 0 },
    { keepAlive: { intervalMs: 0 } },
    { keepAlive: { intervalMs: 1000, timeoutMs: 999 } },
  ];
  test.each(wrong.map((options) => [JSON.stringify(options), options] as const))('refuse %s', (_text, options) => {
    expect(() => settle({ codec: muxado(), role: 'client', ...options })).toThrow('[ERR_MUX_OPTION]');
  });

  test('name what is wrong with an option, and what is right', () => {
    expect(() => settle({ codec: muxado(), role: 'client', maxStreams: -1 })).toThrow(
      '[ERR_MUX_OPTION] maxStreams is a whole number from 0, not -1',
    );
  });

  test('have a budget of at least one byte', () => {
    expect(() => receiveBudget({ maxBytes: 0 })).toThrow('[ERR_MUX_OPTION]');
  });
});
