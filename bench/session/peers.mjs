import { buildMuxPeer, hasMultiplexers } from '../lib/go.mjs';
import { tools } from '../lib/machine.mjs';
import { GoPair } from './go-pair.mjs';
import { NodePair } from './node-pair.mjs';

const inNode = (name, named, facts = {}) => ({
  name,
  runsIn: 'node',
  start: (options) => NodePair.start(named, options),
  inQuick: true,
  ...facts,
});

const CODECS = { 'muxado 1': 'muxado1', 'muxado 2': 'muxado2', yamux: 'yamux', 'smux 1': 'smux1', 'smux 2': 'smux2' };
const ours = (title, transport, facts) =>
  Object.entries(CODECS).map(([name, codec]) =>
    inNode(`rxmux ${name}${title}`, ['rxmux', transport, codec, 'observable'], {
      isOurs: true,
      inQuick: codec === 'yamux',
      ...facts,
    }),
  );

async function inGo() {
  if (!hasMultiplexers) return [];
  const binary = await buildMuxPeer();
  const go = (name, protocol, facts = {}) => ({
    name,
    runsIn: 'go',
    start: (options) => GoPair.start(binary, protocol, options),
    inQuick: true,
    ...facts,
  });
  return [
    go('Go TCP', 'raw', { isTcp: true, inQuick: false }),
    go('Go muxado 1', 'muxado1', { inQuick: false }),
    go('Go yamux', 'yamux'),
    go('Go smux 2', 'smux2', { inQuick: false }),
  ];
}

/**
 * Everything that is measured: `{ name, runsIn, start(options), inQuick, isTcp, isTls, isUnbounded, isOurs }`. With
 * `isTcp`, streams are connections; with `isUnbounded`, nothing holds back who sends without end. The second `node:net` and `node:tls` show what a difference of nothing looks like.
 */
export async function peers() {
  return [
    inNode('node:net', ['raw', 'tcp'], { isTcp: true }),
    inNode('node:net, once more', ['raw', 'tcp'], { isTcp: true, inQuick: false }),
    inNode('node:http2', ['http2'], { inQuick: false }),
    ...(tools.libp2p !== undefined ? [inNode('libp2p-yamux', ['libp2p'], { inQuick: false })] : []),
    ...(tools.multiplex !== undefined
      ? [inNode('multiplex', ['multiplex'], { isUnbounded: true, inQuick: false })]
      : []),
    ...(await inGo()),
    ...ours('', 'tcp'),
    // Streams of all protocols make the same Duplex.
    inNode('rxmux muxado 2, duplex()', ['rxmux', 'tcp', 'muxado2', 'duplex'], { isOurs: true }),
    inNode('node:tls', ['raw', 'tls'], { isTcp: true, isTls: true }),
    inNode('node:tls, once more', ['raw', 'tls'], { isTcp: true, isTls: true, inQuick: false }),
    ...ours(' over TLS', 'tls', { isTls: true }),
  ];
}
