import { tools } from '../lib/machine.mjs';
import { measureDecision } from './decision.mjs';
import { measureGrpc } from './grpc.mjs';
import { measureHttp, measureHttps } from './http.mjs';
import { measureSilent } from './silent.mjs';

export * as views from './views.mjs';

// A generation starts all servers anew; a round is a second of load on each. Two processes of one program differ more than the rounds of
// either, so there are rather many of them.
const FULL = { generations: 10, rounds: 5, seconds: 1, warmUpSeconds: 2 };
// wrk knows whole seconds only. Calls do not, and four times as many rounds of half a second are steadier.
const OF_CALLS = { ...FULL, rounds: 20, seconds: 0.5 };
// Of connections that begin with a handshake, one second differs more from the next.
const OF_HANDSHAKES = { ...FULL, rounds: 15 };
const QUICK = { generations: 1, rounds: 1, seconds: 1, warmUpSeconds: 0 };

const compared = (title, unit, measure, full = FULL) => ({
  title,
  view: 'comparison',
  measure: async ({ quick, progress }) => ({ rows: await measure({ ...(quick ? QUICK : full), progress }), unit }),
});

const overHttp = {
  close: compared('HTTP/1.1, a connection for each request', 'request', (size) =>
    measureHttp({ headers: ['Connection: close'], wanted: 0.97, ...size }),
  ),
  'keep-alive': compared('HTTP/1.1, keep-alive', 'request', (size) =>
    measureHttp({ headers: [], wanted: 0.99, ...size }),
  ),
  https: compared(
    'HTTP/1.1 inside TLS, a connection for each request',
    'request',
    (size) => measureHttps({ headers: ['Connection: close'], wanted: 0.97, ...size }),
    OF_HANDSHAKES,
  ),
};

/** What sniffing costs, by work. */
export const works = {
  ...(tools.wrk !== undefined && overHttp),
  grpc: compared(
    'gRPC, unary calls on a warm connection',
    'call',
    (size) => measureGrpc({ wanted: 0.98, ...size }),
    OF_CALLS,
  ),
  decision: {
    title: 'One decision over all matchers',
    view: 'decision',
    measure: ({ quick, progress }) => {
      const size = quick
        ? { generations: 1, rounds: 1, times: 20_000, milliseconds: 50 }
        : { generations: 5, rounds: 3, times: 100_000, milliseconds: 200 };
      return measureDecision({ wanted: 0.5, ...size, progress });
    },
  },
  silent: {
    title: 'Silent connections',
    view: 'silent',
    measure: ({ quick, progress }) => {
      const size = quick
        ? { wantedConnections: 1000, windowSeconds: 1, openingSeconds: 1 }
        : { wantedConnections: 10_000, windowSeconds: 10, openingSeconds: 5 };
      return measureSilent({ wanted: { heapBytesEach: 8192, cpuShare: 0.001 }, ...size, progress });
    },
  },
};

export const software = [
  tools.wrk,
  tools.httpolyglot && `httpolyglot ${tools.httpolyglot}`,
  tools.go,
  tools.cmux && `cmux ${tools.cmux}`,
].filter((name) => name !== undefined);

export const leftOut = [
  ...(tools.wrk === undefined ? ['wrk, and with it the HTTP rows'] : []),
  ...(tools.httpolyglot === undefined ? ['@httptoolkit/httpolyglot'] : []),
  ...(tools.go === undefined ? ['Go, and with it the rows of net/http and cmux'] : []),
  ...(tools.go !== undefined && tools.cmux === undefined ? ["Debian's cmux, and with it the rows of Go"] : []),
  ...(tools.taskset === undefined ? ['taskset: server and load share the cores'] : []),
];
