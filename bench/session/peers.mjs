import { readFile } from 'node:fs/promises';
import { buildMuxPeer, hasMultiplexers } from '../lib/go.mjs';
import { GoPair } from './go-pair.mjs';
import { NodePair } from './node-pair.mjs';

/** The version of libp2p's yamux, `undefined` where it is not installed. */
export const libp2p = await readFile(
  new URL('../../node_modules/@chainsafe/libp2p-yamux/package.json', import.meta.url),
)
  .then((text) => JSON.parse(text).version)
  .catch(() => undefined);

const inNode = (name, named, facts = {}) => ({
  name,
  runsIn: 'node',
  start: (how) => NodePair.start(named, how),
  inQuick: true,
  ...facts,
});

const CODECS = { 'muxado 1': 'muxado1', 'muxado 2': 'muxado2', yamux: 'yamux', 'smux 1': 'smux1', 'smux 2': 'smux2' };
const ours = (title, surface, inQuick) =>
  Object.entries(CODECS).map(([name, codec]) =>
    inNode(`rxmux ${name}${title}`, ['rxmux', codec, surface], { isOurs: true, inQuick: inQuick(codec) }),
  );

async function inGo() {
  if (!hasMultiplexers) return [];
  const binary = await buildMuxPeer();
  const go = (name, protocol, facts = {}) => ({
    name,
    runsIn: 'go',
    start: () => GoPair.start(binary, protocol),
    inQuick: true,
    ...facts,
  });
  return [
    go('Go TCP', 'raw', { isTcp: true }),
    go('Go muxado 1', 'muxado1'),
    go('Go yamux', 'yamux'),
    go('Go smux 2', 'smux2'),
  ];
}

/**
 * Everything that is measured: `{ name, runsIn, start(how), inQuick, isTcp, isOurs }`. With `isTcp`, streams are connections.
 * The second `node:net` shows what a difference of nothing looks like.
 */
export async function peers() {
  return [
    inNode('node:net', ['raw'], { isTcp: true }),
    inNode('node:net, once more', ['raw'], { isTcp: true, inQuick: false }),
    inNode('node:http2', ['http2']),
    ...(libp2p !== undefined ? [inNode('libp2p-yamux', ['libp2p'])] : []),
    ...(await inGo()),
    ...ours('', 'observable', () => true),
    // One will do to see that Duplexes run.
    ...ours(', duplex()', 'duplex', (codec) => codec === 'muxado2'),
  ];
}
