/** What speaks: loaded only when asked for, since libp2p may not be installed. */
export async function peer(name, ...args) {
  const module = await import(`./${name}.mjs`);
  return module[name](...args);
}

/** Of a garbage-collected process; the second collection frees what the first one's finalizers let go. */
export function memory() {
  globalThis.gc();
  globalThis.gc();
  const { heapUsed, external, rss } = process.memoryUsage();
  return { heapUsed, external, heldBytes: heapUsed + external, rss };
}
