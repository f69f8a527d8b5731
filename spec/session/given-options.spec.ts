import { describe, expect, test } from '@jest/globals';
import { UsageError } from '../../src/errors.js';
import { receiveBudget, type SessionOptions } from '../../src/session/options.js';
import { session } from '../../src/session/session.js';
import { settle } from '../../src/session/settings.js';
import { memoryPipe } from '../../src/testing/memory-pipe.js';
import { yamux } from '../../src/wire/index.js';
import { log } from './raw-peer.js';
import { Clock, CODECS, ends } from './session-ends.js';
import { NO_OPTIONS, WRONG } from './wrong-options.js';

const base = { codec: yamux(), role: 'client' } as const;
const usage = (name: string | RegExp) =>
  expect.objectContaining({ code: 'ERR_MUX_OPTION', message: expect.stringMatching(name) });

describe.each(CODECS)('an option of %s given as undefined', (_name, codec) => {
  const defaults = settle({ codec, role: 'client' });
  const names = Object.keys(defaults).filter((name) => !['codec', 'role'].includes(name));

  test.each(names)('is its default: %s', (name) => {
    expect(settle({ codec, role: 'client', [name]: undefined })).toEqual(defaults);
  });

  test('is its default also within keepAlive', () => {
    const keepAlive = { intervalMs: undefined, timeoutMs: undefined } as unknown as { readonly intervalMs: number };
    expect(settle({ codec, role: 'client', keepAlive })).toEqual(defaults);
  });

  test('leaves those that are given as they are', () => {
    const given = { codec, role: 'client', maxStreams: 7, acceptBacklog: undefined } as const;
    expect(settle(given as unknown as SessionOptions)).toEqual({ ...defaults, maxStreams: 7 });
  });
});

describe('an option that cannot be meant', () => {
  test.each(WRONG)('is refused by its name: %s', (_text, name, options) => {
    const [conn] = memoryPipe({ scheduler: new Clock() });
    const make = (): unknown => session(conn, { ...base, scheduler: new Clock(), ...options });
    expect(make).toThrow(UsageError);
    expect(make).toThrow(usage(name));
    // And the connection is anybody's, as before.
    expect(log(conn)).toEqual([]);
  });

  test.each(NO_OPTIONS)('is %j for all of them', (none) => {
    const [conn] = memoryPipe({ scheduler: new Clock() });
    expect(() => session(conn, none)).toThrow(usage('options are an object, with a codec at least'));
  });

  test.each([2 ** 31, Infinity, NaN, -1, 0.5])('is a limit of close of %d ms', (timeoutMs) => {
    const { client } = ends(yamux());
    expect(() => {
      client.close({ timeoutMs });
    }).toThrow(usage('timeoutMs'));
    expect(client._life.isOver).toBe(false);
  });

  test.each([0, -1, NaN, Infinity, undefined as unknown as number])('is a budget of %s bytes', (maxBytes) => {
    expect(() => receiveBudget({ maxBytes })).toThrow(usage('maxBytes'));
  });
});

test('the longest times that a timer takes are taken', () => {
  const most = 2 ** 31 - 1;
  const times: Partial<SessionOptions> = {
    frameTimeoutMs: most,
    stallTimeoutMs: most,
    writeTimeoutMs: most,
    lingerTimeoutMs: most,
    keepAlive: { intervalMs: most, timeoutMs: most },
  };
  expect(settle({ ...base, ...times })).toMatchObject(times);
});

test('rates that are whole or not, a budget of its own, and a limit of close of undefined are taken', () => {
  const rate = { burst: 1, perSecond: 0.5 };
  const rates = { openRate: rate, resetRate: rate, junkRate: { burst: 1.5, perSecond: 0 } };
  const budget = receiveBudget({ maxBytes: 1 });
  expect(settle({ ...base, ...rates, budget })).toMatchObject({ ...rates, budget });
  const { client } = ends(yamux());
  client.close({ timeoutMs: undefined as unknown as number });
  expect(client._life.whyNotOpen?.code).toBe('ERR_MUX_CLOSED');
});
