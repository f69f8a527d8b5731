import type { SessionOptions } from '../../src/session/options.js';
import { yamux } from '../../src/wire/index.js';

type Wrong = Readonly<Record<string, unknown>>;

const TOO_LONG = [2 ** 31, 2 ** 40, Infinity, NaN];
const NO_RATES = [5, 'x', null, {}, { burst: 10 }, { perSecond: 10 }, { burst: NaN, perSecond: 1 }];
const NO_RATES_EITHER = [
  { burst: 1, perSecond: NaN },
  { burst: 0, perSecond: 1 },
  { burst: 1, perSecond: -1 },
];
const NO_BUDGETS = [
  5,
  null,
  'x',
  {},
  { maxBytes: 5 },
  { maxBytes: '5', usedBytes: 0 },
  { maxBytes: NaN, usedBytes: 0 },
];
const NO_CODECS = ['yamux', yamux, null, 5, {}, [yamux()]];

const each = (name: string, values: readonly unknown[]): Wrong[] => values.map((value) => ({ [name]: value }));

const options: readonly Wrong[] = [
  ...['openRate', 'resetRate', 'junkRate'].flatMap((name) => each(name, [...NO_RATES, ...NO_RATES_EITHER])),
  ...each('budget', NO_BUDGETS),
  ...each('codec', [undefined, ...NO_CODECS]),
  ...each('keepAlive', [5, 0, true, 'x', '', null]),
  ...each(
    'keepAlive',
    TOO_LONG.map((intervalMs) => ({ intervalMs, timeoutMs: intervalMs })),
  ),
  ...each(
    'keepAlive',
    TOO_LONG.map((timeoutMs) => ({ timeoutMs })),
  ),
  ...each('onCancel', ['rest', 'Reset', '', null, true]),
  ...each('unreadOnReset', ['x', 'Drop', '', null, false]),
  ...['frameTimeoutMs', 'stallTimeoutMs', 'writeTimeoutMs', 'lingerTimeoutMs'].flatMap((name) => each(name, TOO_LONG)),
];

const text = (value: unknown): string =>
  JSON.stringify(value, (_key, inner: unknown) => {
    if (typeof inner === 'number' || typeof inner === 'undefined') return String(inner);
    if (typeof inner === 'function') return 'a function';
    if (typeof inner === 'object' && inner !== null && 'traits' in inner) return 'a codec';
    return inner;
  });

/** Options that cannot be meant: as text, by the name that their refusal tells, and as they are. */
export const WRONG: readonly (readonly [text: string, name: string, options: Partial<SessionOptions>])[] = options.map(
  (wrong) => [text(wrong), Object.keys(wrong)[0] ?? '', wrong as Partial<SessionOptions>],
);

/** What those give who give none. */
export const NO_OPTIONS = [undefined, null, 5, 'yamux'] as unknown as readonly SessionOptions[];
