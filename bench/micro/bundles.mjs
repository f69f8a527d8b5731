import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import { build } from 'esbuild';
import { figuresOf } from '../lib/figures.mjs';
import { tools } from '../lib/machine.mjs';

const KIB = 1024;
const ONE_PROTOCOL = 'rxmux: a session of one protocol over a WebSocket';
const SUBJECTS = [
  {
    name: ONE_PROTOCOL,
    code: "export { fromWebSocket, session, yamux } from 'rxmux/browser';",
    atMost: 12 * KIB,
  },
  { name: 'rxmux/browser, all of it', code: "export * from 'rxmux/browser';" },
  ...(tools.libp2p === undefined
    ? []
    : [{ name: 'libp2p-yamux', code: "export { yamux } from '@chainsafe/libp2p-yamux';" }]),
];

async function bundledBytes({ code }) {
  const { outputFiles } = await build({
    stdin: { contents: code, resolveDir: fileURLToPath(new URL('.', import.meta.url)) },
    bundle: true,
    minify: true,
    platform: 'browser',
    format: 'esm',
    external: ['rxjs'],
    write: false,
  });
  return gzipSync(outputFiles[0].contents, { level: 9 }).length;
}

/** Bytes that a browser loads, without RxJS, which its program has. */
export async function measureBundles() {
  const sizes = await Promise.all(SUBJECTS.map(bundledBytes));
  return figuresOf({
    unit: 'bytes',
    reference: ONE_PROTOCOL,
    subjects: SUBJECTS,
    measured: sizes.map((size) => [size]),
  });
}
