import { rateWhenWarm } from './warm-up.mjs';

const MB = 1e6;
const AT_A_TIME = 64;
const IDLE_STREAMS = 10_000;
const EARLIER_STREAMS = 500;
// What can be measured only once in its processes; a tail of round trips of milliseconds needs hundreds of them.
const ONCE_TIMES = 5;
const CONCURRENCIES = [1, 64, 1000, 10_000];

// On a long link windows have to grow before they are full, which is not what is measured.
const LINK_WARM_UP_TIMES = 3;
const LINK_TIMES = 5;
const ROUND_TRIP_MS = 50;

const overTls = ({ isTls }) => isTls === true;
const plain = (peer) => !overTls(peer);
const muxes = (peer) => plain(peer) && peer.isTcp !== true;
const muxesInNode = (peer) => muxes(peer) && peer.runsIn === 'node';
// Streams that send without end would fill the memory of a peer that holds nobody back.
const boundedInNode = (peer) => plain(peer) && peer.runsIn === 'node' && peer.isUnbounded !== true;

const atLeast = (figure, ratio, ...of) => ({ figure, atLeast: ratio, of });
const atMost = (figure, ratio, ...of) => ({ figure, atMost: ratio, of });

/** `run(pair, amount)` gives amounts a second: warmed up with `first` and more, then measured for as long as all others. */
const timed = (run, first, { warmUpTimes = 1, times = 1 } = {}) => ({
  warmUp: (pair, { warmUpSeconds }) =>
    rateWhenWarm((amount) => run(pair, amount), { first, seconds: warmUpTimes * warmUpSeconds }),
  measure: (pair, { seconds, warmth }) => run(pair, Math.ceil(warmth * times * seconds)),
});

const bulk = (streams, wanted) => ({
  title: `Bulk, ${streams === 1 ? '1 stream' : `${streams} streams`}, 64 KiB writes`,
  takesPart: plain,
  figures: { rate: 'MB/s' },
  ...timed((pair, megabytes) => pair.run('bulk', streams, megabytes * MB), 50),
  reference: { figure: 'rate', of: 'node:net' },
  wanted,
});

/** Memory of a stream on either side: `held` by JS and what it refers to, after a garbage collection, and all of the process. */
async function heldByStream(pair) {
  const open = async (count, total) => {
    await pair.run('holdOpen', count);
    let held = await pair.held();
    while (held.channels < total) held = await pair.held();
    return held;
  };
  // Code compiled and pools filled by the first streams are not the cost of those to come.
  const before = await open(EARLIER_STREAMS, EARLIER_STREAMS);
  const after = await open(IDLE_STREAMS, EARLIER_STREAMS + IDLE_STREAMS);
  const each = (side, what) => (after[side][what] - before[side][what]) / IDLE_STREAMS;
  return {
    openerBytes: each('client', 'heldBytes'),
    acceptorBytes: each('server', 'heldBytes'),
    openerRss: each('client', 'rss'),
    acceptorRss: each('server', 'rss'),
  };
}

/** The cost of opening, echoing 64 B and ending a stream, in microseconds, with more and more of them at the same time. */
const scaling = {
  async warmUp(pair, { warmUpSeconds }) {
    const rates = [];
    for (const atATime of CONCURRENCIES) {
      const run = (count) => pair.run('open', count, atATime);
      rates.push(await rateWhenWarm(run, { first: 2 * atATime, seconds: warmUpSeconds }));
    }
    return rates;
  },
  async measure(pair, { seconds, warmth }) {
    const micros = {};
    for (const [i, atATime] of CONCURRENCIES.entries()) {
      const { rate } = await pair.run('open', Math.max(2 * atATime, Math.ceil(warmth[i] * seconds)), atATime);
      micros[`at${atATime}`] = 1e6 / rate;
    }
    const { at10000: most, ...fewer } = micros;
    return { ...micros, growth: most / Math.min(...Object.values(fewer)) };
  },
};

/**
 * The works by name. `figures` has the columns; `measure` gives them, again and again, of a pair of processes that `warmUp` has used
 * before it. Without that the pair is of no use for another measurement; where `isUnsteady` there are as many pairs as other works have
 * rounds.
 * `reference` is the figure whose ratio to another peer's is shown for all; `wanted` is what we are to reach: a ratio to the best
 * of other peers, or without any a figure itself.
 */
export const WORKS = {
  'bulk-1': bulk(1, [
    atLeast('rate', 1, 'node:net'),
    atLeast('rate', 1, 'Go yamux'),
    atLeast('rate', 1, 'Go muxado 1'),
    atLeast('rate', 2.5, 'libp2p-yamux'),
  ]),
  'bulk-64': bulk(64, [atLeast('rate', 0.95, 'node:net'), atLeast('rate', 1, 'Go muxado 1')]),
  open: {
    title: 'Open a stream, echo 64 B, end it; 64 at a time',
    takesPart: plain,
    figures: { rate: 'streams/s' },
    ...timed((pair, count) => pair.run('open', count, AT_A_TIME), 1000),
    reference: { figure: 'rate', of: 'node:net' },
    wanted: [atLeast('rate', 8, 'Go muxado 1', 'Go yamux', 'Go smux 2', 'node:http2', 'libp2p-yamux')],
  },
  'ping-pong': {
    title: 'Ping-pong of 64 B on one stream',
    takesPart: plain,
    figures: { p50Micros: 'round trip p50, µs', p99Micros: 'p99, µs' },
    ...timed((pair, rounds) => pair.run('pingPong', rounds), 1000),
    reference: { figure: 'p50Micros', of: 'node:net' },
    wanted: [atMost('p50Micros', 1.15, 'node:net')],
  },
  'rpc-beside-bulk': {
    title: 'Ping-pong of 64 B beside 32 bulk streams',
    takesPart: boundedInNode,
    figures: { p50Micros: 'round trip p50, µs', p99Micros: 'p99, µs', rate: 'bulk, MB/s' },
    isUnsteady: true,
    measure: (pair, { warmUpSeconds, seconds }) => pair.run('pingPongBeside', 32, warmUpSeconds, ONCE_TIMES * seconds),
    reference: { figure: 'p99Micros', of: 'node:net' },
    wanted: [atMost('p99Micros', 0.5, 'libp2p-yamux'), atMost('p99Micros', 1, 'node:http2')],
  },
  'slow-reader': {
    title: 'One slow reader beside 99 fast ones',
    takesPart: boundedInNode,
    figures: { alone: 'the 99 alone, MB/s', beside: 'beside it, MB/s', share: 'share kept' },
    measure: (pair, { warmUpSeconds, seconds }) => pair.run('fastBesideSlow', 99, warmUpSeconds, ONCE_TIMES * seconds),
    wanted: [atLeast('share', 0.95)],
  },
  idle: {
    title: '10,000 idle streams',
    takesPart: muxesInNode,
    options: { how: 'hold' },
    figures: {
      openerBytes: 'opener, bytes each',
      acceptorBytes: 'acceptor, bytes each',
      openerRss: 'opener, RSS each',
      acceptorRss: 'acceptor, RSS each',
    },
    measure: heldByStream,
    wanted: [atMost('openerBytes', 2048), atMost('acceptorBytes', 2048)],
  },
  link: {
    ...bulk(1, [atLeast('rate', 0.8, 'node:net')]),
    title: `Bulk, 1 stream, over a link with a round trip of ${ROUND_TRIP_MS} ms`,
    options: { roundTripMs: ROUND_TRIP_MS },
    ...timed((pair, megabytes) => pair.run('bulk', 1, megabytes * MB), 5, {
      warmUpTimes: LINK_WARM_UP_TIMES,
      times: LINK_TIMES,
    }),
  },
  tls: {
    ...bulk(1, [atLeast('rate', 0.95, 'node:tls')]),
    title: 'Bulk, 1 stream, over TLS',
    takesPart: overTls,
    reference: { figure: 'rate', of: 'node:tls' },
  },
  concurrency: {
    title: 'Open, echo 64 B, end, with more and more streams at a time',
    takesPart: muxes,
    figures: {
      ...Object.fromEntries(CONCURRENCIES.map((n) => [`at${n}`, `${n.toLocaleString('en')} at a time, µs each`])),
      growth: '10,000 : the cheapest',
    },
    ...scaling,
    wanted: [atMost('growth', 1.3)],
  },
};
