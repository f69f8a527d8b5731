// npm run attack [-- --quick] [--only NAME] [--seconds N]: peers that mean harm, against a program with defaults in a process of its own.
// Prints what each made it hold and what it cost; docs/guarantees.md has the table. Fails where a bound is exceeded; with --quick times
// are not judged, since they say nothing on a busy machine.
import { parseArgs } from 'node:util';
import { ATTACKS } from './attack/attacks.mjs';
import { Child } from './lib/child.mjs';
import { table, verdict } from './lib/report.mjs';

const HELD_SHARE = 1.5;
const SLACK_BYTES = 16 << 20;
const SLOWER = 3;
// Below this the event loop itself decides.
const LEAST_P99_MS = 2;
const MIB = 1 << 20;

const { quick, only, seconds } = parseArgs({
  options: {
    quick: { type: 'boolean', default: false },
    only: { type: 'string' },
    seconds: { type: 'string' },
  },
}).values;
const attackSeconds = Number(seconds ?? (quick ? 3 : 10));
if (!(attackSeconds > 0)) throw new Error('--seconds is a number above 0');
if (only !== undefined && !(only in ATTACKS)) throw new Error(`--only is one of: ${Object.keys(ATTACKS).join('; ')}`);

async function outcomeOf(name, { server: mode, sent, boundBytes, isCpu = false, isOwnWork = false }) {
  const server = await Child.startScript(undefined, 'attack/server.mjs');
  const neighbour = await Child.startScript(undefined, 'attack/neighbour.mjs', String(server.ready.honest));
  const attacker = await Child.startScript(undefined, 'attack/attacker.mjs', String(server.ready[mode]), name);
  try {
    const quiet = await neighbour.ask('echoes', String(Math.min(attackSeconds, 3)));
    const before = await server.ask('memory');
    const { cpuMicros: cpuBefore } = await server.ask('cpu');
    const [busy, told] = await Promise.all([
      neighbour.ask('echoes', String(attackSeconds)),
      attacker.ask('attack', String(attackSeconds)),
    ]);
    const { cpuMicros } = await server.ask('cpu');
    const { rss } = await server.ask('rss');
    const after = await server.ask('memory');
    const heldBytes = after.held - before.held;
    const isHeld = heldBytes <= HELD_SHARE * after.counted + SLACK_BYTES;
    const isBound = isCpu || after.counted <= boundBytes;
    const isQuick = quick || isOwnWork || busy.p99Ms <= SLOWER * Math.max(quiet.p99Ms, LEAST_P99_MS);
    return {
      name,
      sent,
      boundBytes,
      ...told,
      countedBytes: after.counted,
      heldBytes,
      rssBytes: rss - before.rss,
      cpuPerByte: (cpuMicros - cpuBefore) / Math.max(1, told.sentBytes),
      quietMs: quiet.p99Ms,
      busyMs: busy.p99Ms,
      holds: isHeld && isBound && isQuick,
    };
  } finally {
    for (const child of [attacker, neighbour, server]) await child.stop();
  }
}

const mebibytes = (bytes) => (bytes / MIB).toFixed(1);
const outcomes = [];
for (const [name, attack] of Object.entries(ATTACKS)) {
  if (only !== undefined && name !== only) continue;
  const outcome = await outcomeOf(name, attack);
  outcomes.push(outcome);
  process.stderr.write(`${name}: ${outcome.holds ? 'held' : 'MISSED'}\n`);
}
const rows = outcomes.map((one) => [
  one.name,
  one.sent,
  mebibytes(one.sentBytes),
  one.boundBytes === undefined ? '' : mebibytes(one.boundBytes),
  mebibytes(one.countedBytes),
  mebibytes(one.heldBytes),
  mebibytes(one.rssBytes),
  one.cpuPerByte.toFixed(3),
  `${one.quietMs.toFixed(1)} / ${one.busyMs.toFixed(1)}`,
  verdict(one.holds),
]);
const heads = [
  'attack',
  'sent',
  'MiB sent',
  'bound, MiB',
  'counted',
  'held',
  'RSS',
  'CPU, µs a byte',
  'neighbour p99, ms: quiet / under it',
  '',
];
process.stdout.write(`${table(heads, rows)}\n`);
process.exit(outcomes.every(({ holds }) => holds) ? 0 : 1);
