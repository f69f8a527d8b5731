// Makes the process one that has lived: it holds what a program holds, and has collected its garbage once. V8 derives from the size of
// the heap at its last full collection when the next is due, and counts in what buffers hold outside: a process with a few
// megabytes that reads 64 KiB at a time is due all the time, one that never had a collection hardly ever. docs/performance.md has
// the figures of either.
const HELD_OBJECTS = 300_000;

// `bench:compare -- --fresh` measures processes that have not lived.
if (process.env.BENCH_FRESH !== '1') {
  globalThis.held = Array.from({ length: HELD_OBJECTS }, (_, id) => ({ id, name: `held ${id}`, next: null }));
  globalThis.gc();
}
