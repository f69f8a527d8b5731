import { asyncScheduler } from 'rxjs';
import { checkWholeNumber } from '../bytes/whole-number.js';
import { UsageError } from '../errors.js';
import { SharedReceiveBudget } from '../flow/receive-budget.js';
import { SharedSendBudget } from '../flow/send-budget.js';
import type { Codec } from '../wire/codec.js';
import type { KeepAliveOptions, SessionOptions } from './options.js';

/** Options with nothing left open. */
export type Settings = Required<Omit<SessionOptions, 'keepAlive' | 'budget' | 'sendBudget'>> & {
  readonly budget: SharedReceiveBudget;
  readonly sendBudget: SharedSendBudget;
  readonly keepAlive: Required<KeepAliveOptions> | false;
};

const MIB = 1 << 20;
const PROCESS_BUDGET = new SharedReceiveBudget(1024 * MIB);
const PROCESS_SEND_BUDGET = new SharedSendBudget(1024 * MIB);
// Past it Node's timers fire at once.
const MAX_TIMER_MS = 0x7fff_ffff;

/** Fills in the defaults. @throws UsageError `ERR_MUX_OPTION` for what is out of range */
export function settle(given: SessionOptions): Settings {
  if (!isObject(given)) throw usage('options are an object, with a codec at least');
  const options = withoutUndefined(given);
  checkCodec(options.codec);
  const { codec } = options;
  const { initialWindowBytes, maxPayloadBytes, credit } = codec.traits;
  const windowBytes = options.windowBytes ?? initialWindowBytes;
  const settings = {
    windowBytes,
    maxWindowBytes: Math.max(64 * MIB, windowBytes),
    maxStreams: 1024,
    maxOpenStreams: 65_536,
    maxUnacceptedStreams: 256,
    maxWaitingOpens: 4096,
    acceptBacklog: 256,
    maxFrameBytes: maxPayloadBytes,
    sendBufferBytes: MIB,
    receiveBudgetBytes: credit === 'none' ? 4 * MIB : 160 * MIB,
    budget: PROCESS_BUDGET,
    sendBudgetBytes: 64 * MIB,
    sendBudget: PROCESS_SEND_BUDGET,
    openRate: { burst: 100_000, perSecond: 1_000_000 },
    resetRate: { burst: 1000, perSecond: 100 },
    junkRate: { burst: 200_000, perSecond: 100_000 },
    maxDebugBytes: 1024,
    frameTimeoutMs: 10_000,
    stallTimeoutMs: 30_000,
    writeTimeoutMs: 300_000,
    lingerTimeoutMs: 300_000,
    unreadOnReset: 'deliver',
    onCancel: 'drain',
    scheduler: asyncScheduler,
    ...options,
    keepAlive: keepAlive(codec, options.keepAlive),
  } as Settings;
  check(settings);
  return settings;
}

// What comes of a configuration that does not name it must not take a limit away.
function withoutUndefined(options: SessionOptions): SessionOptions {
  return Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined)) as never;
}

function keepAlive({ traits: { heartbeat } }: Codec, options: unknown = {}): Settings['keepAlive'] {
  if (options === false) return false;
  if (!isObject(options)) throw usage(`keepAlive is false or { intervalMs, timeoutMs }, not ${typeName(options)}`);
  const { intervalMs = heartbeat.intervalMs, timeoutMs } = options as KeepAliveOptions;
  // A beat that came late is no reason: the tolerance past the interval stays.
  return { intervalMs, timeoutMs: timeoutMs ?? intervalMs + heartbeat.timeoutMs - heartbeat.intervalMs };
}

function checkCodec(codec: unknown): void {
  if (isObject(codec) && 'traits' in codec) return;
  throw usage(`codec is what muxado(), yamux() or smux() gives, not ${typeName(codec)}`);
}

function check(settings: Settings): void {
  const { initialWindowBytes, maxPayloadBytes, maxWindowBytes } = settings.codec.traits;
  checkWord('role', settings.role, 'client', 'server');
  checkWord('unreadOnReset', settings.unreadOnReset, 'deliver', 'drop');
  checkWord('onCancel', settings.onCancel, 'drain', 'reset');
  if (initialWindowBytes !== Infinity) {
    checkWholeNumber('windowBytes', settings.windowBytes, initialWindowBytes, maxWindowBytes);
    checkWholeNumber('maxWindowBytes', settings.maxWindowBytes, settings.windowBytes, maxWindowBytes);
  }
  checkWholeNumber('maxFrameBytes', settings.maxFrameBytes, 1, maxPayloadBytes);
  checkWholeNumber('maxDebugBytes', settings.maxDebugBytes, 0, 1024);
  for (const name of COUNTS) checkWholeNumber(name, settings[name], 0);
  for (const name of TIMES) checkWholeNumber(name, settings[name], 1, MAX_TIMER_MS);
  for (const name of RATES) checkRate(name, settings[name]);
  const { budget, sendBudget } = settings as { readonly budget: unknown; readonly sendBudget: unknown };
  if (!(budget instanceof SharedReceiveBudget)) throw usage('budget is what receiveBudget({ maxBytes }) gives');
  if (!(sendBudget instanceof SharedSendBudget)) throw usage('sendBudget is what sendBudget({ maxBytes }) gives');
  if (settings.keepAlive === false) return;
  checkWholeNumber('intervalMs of keepAlive', settings.keepAlive.intervalMs, 1, MAX_TIMER_MS);
  checkWholeNumber('timeoutMs of keepAlive', settings.keepAlive.timeoutMs, settings.keepAlive.intervalMs, MAX_TIMER_MS);
}

function checkWord(name: string, word: string, ...allowed: readonly [string, string]): void {
  if (!allowed.includes(word)) throw usage(`${name} is '${allowed.join("' or '")}', not ${word}`);
}

function checkRate(name: string, rate: unknown): void {
  const { burst, perSecond } = (rate ?? {}) as { readonly burst?: unknown; readonly perSecond?: unknown };
  if (!isFrom(1, burst) || !isFrom(0, perSecond))
    throw usage(`${name} is { burst, perSecond }, numbers from 1 and from 0`);
}

// Infinity would be no bound, and no number to reckon with.
const isFrom = (min: number, value: unknown): boolean =>
  typeof value === 'number' && Number.isFinite(value) && value >= min;

const isObject = (value: unknown): value is object => typeof value === 'object' && value !== null;
const typeName = (value: unknown): string => (value === null ? 'null' : typeof value);

const usage = (text: string): UsageError => new UsageError('ERR_MUX_OPTION', text);

const COUNTS = [
  'maxStreams',
  'maxOpenStreams',
  'maxUnacceptedStreams',
  'maxWaitingOpens',
  'acceptBacklog',
  'sendBufferBytes',
  'receiveBudgetBytes',
  'sendBudgetBytes',
] as const;
const TIMES = ['frameTimeoutMs', 'stallTimeoutMs', 'writeTimeoutMs', 'lingerTimeoutMs'] as const;
const RATES = ['openRate', 'resetRate', 'junkRate'] as const;
