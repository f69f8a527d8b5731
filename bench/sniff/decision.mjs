import { bundled } from '../lib/bundled.mjs';
import { Child, SERVER_CORE } from '../lib/child.mjs';
import { buildCmuxBenchmarks, hasCmux } from '../lib/go.mjs';
import { inGenerations } from '../lib/rounds.mjs';
import { summary } from '../lib/statistics.mjs';

// cmux's benchmarks with both matchers set up, the wanted one last.
const COUNTERPARTS = { http1: 'HTTP2n1', http2: 'HTTP1n2', 'http1 (cmux)': 'HTTP2n1', 'http2 (cmux)': 'HTTP1n2' };

/** The cost of one decision over all matchers, in nanoseconds, beside cmux's own benchmark. What V8 makes of ours differs between processes. */
export async function measureDecision({ wanted, times, milliseconds, ...size }) {
  const script = await bundled('sniff/decisions/process.mjs');
  const theirs = hasCmux ? await buildCmuxBenchmarks(SERVER_CORE) : () => ({});
  const [measured] = await inGenerations({
    ...size,
    subjects: ['rxmux'],
    start: () => Child.start(SERVER_CORE, process.execPath, script),
    warmUp: (ours) => ours.ask('round', times),
    measure: async (ours) => ({ ...(await ours.ask('round', times)), cmux: await theirs(milliseconds) }),
  });
  const over = (pick) => summary(measured.map(pick));
  const rows = Object.keys(measured[0].operator).map((flight) => {
    const counterpart = hasCmux ? COUNTERPARTS[flight] : undefined;
    return {
      flight,
      bare: over(({ bare }) => bare[flight]),
      operator: over(({ operator }) => operator[flight]),
      ...(flight in measured[0].bareWithHeads && { bareWithHeads: over(({ bareWithHeads }) => bareWithHeads[flight]) }),
      ...(counterpart !== undefined && {
        counterpart,
        bareRatio: over(({ bare, cmux }) => bare[flight] / cmux[counterpart]),
        operatorRatio: over(({ operator, cmux }) => operator[flight] / cmux[counterpart]),
        wanted,
      }),
    };
  });
  const cmux = Object.keys(measured[0].cmux).map((name) => ({ name, nanos: over((round) => round.cmux[name]) }));
  return { rows, cmux };
}
