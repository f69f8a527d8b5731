import { hasMultiplexers } from '../lib/go.mjs';
import { tools } from '../lib/machine.mjs';
import { measureWork } from './measure.mjs';
import { peers } from './peers.mjs';
import { WORKS } from './works.mjs';

export * as views from './view.mjs';

const FULL = { generations: 3, rounds: 5, times: { warmUpSeconds: 0.8, seconds: 0.4 } };
const QUICK = { generations: 1, rounds: 1, times: { warmUpSeconds: 0.05, seconds: 0.1 } };

let all;

/** What streams over a session cost, by work. */
export const works = Object.fromEntries(
  Object.entries(WORKS).map(([name, work]) => [
    name,
    {
      title: work.title,
      view: 'work',
      measure: async ({ quick, onlyPeers, progress }) => {
        all ??= await peers();
        const measured = all.filter((peer) => onlyPeers?.includes(peer.name) ?? (peer.inQuick || !quick));
        return measureWork(work, { peers: measured, ...(quick ? QUICK : FULL), progress });
      },
    },
  ]),
);

export const software = [
  ...(tools.libp2p === undefined ? [] : [`libp2p-yamux ${tools.libp2p}`]),
  ...(tools.multiplex === undefined ? [] : [`multiplex ${tools.multiplex}`]),
  ...(hasMultiplexers ? [tools.go, `Go muxado ${tools.muxado}, yamux ${tools.yamux}, smux ${tools.smux}`] : []),
];

export const leftOut = [
  ...(tools.libp2p === undefined ? ['@chainsafe/libp2p-yamux'] : []),
  ...(tools.multiplex === undefined ? ['multiplex'] : []),
  ...(hasMultiplexers ? [] : ["Go, or one of Debian's packages of muxado, yamux and smux"]),
  ...(tools.taskset === undefined ? ['taskset: server and client share the cores'] : []),
];
