import { Socket } from 'node:net';
import { setTimeout as elapsed } from 'node:timers/promises';

// The longest timer of a session that has ended: 30 s for a reader that has stopped, and some.
const SETTLE_MS = 40_000;
const POLL_MS = 250;
// What V8 keeps or not by its own lights: code, inline caches, pools of buffers.
const TOLERATED_HEAP_BYTES = 4 << 20;
const TOLERATED_EXTERNAL_BYTES = 4 << 20;

/** What the process holds now, after a garbage collection. */
async function state(world) {
  // What is only weakly held is let go between two turns of the event loop.
  for (let i = 0; i < 3; i++) {
    globalThis.gc();
    await elapsed(1);
  }
  const { heapUsed, external, rss } = process.memoryUsage();
  const handles = {};
  for (const name of process.getActiveResourcesInfo()) handles[name] = (handles[name] ?? 0) + 1;
  return { heapUsed, external, rss, handles, budgetBytes: world.budget.usedBytes, sessions: world.reachableSessions() };
}

/** What is more than it was before; empty when all is back. */
function differences(now, before) {
  const found = [];
  const text = (handles) => JSON.stringify(Object.entries(handles).sort());
  const isMore = ([name, count]) => count > (before.handles[name] ?? 0);
  if (Object.entries(now.handles).some(isMore))
    found.push(`handles and timers: ${text(now.handles)}, before ${text(before.handles)}`);
  if (now.budgetBytes !== 0) found.push(`${now.budgetBytes} bytes of the budget are used`);
  if (now.sessions > 0) found.push(`${now.sessions} sessions that are over can still be reached`);
  const grown = (name, tolerated) => {
    const by = now[name] - before[name];
    if (by > tolerated) found.push(`${name} grew by ${by} bytes, tolerated ${tolerated}`);
  };
  grown('heapUsed', TOLERATED_HEAP_BYTES);
  grown('external', TOLERATED_EXTERNAL_BYTES);
  return found;
}

/** The state to come back to: nothing of earlier sessions is left. */
export async function baseline(world) {
  const deadline = performance.now() + SETTLE_MS;
  for (;;) {
    const now = await state(world);
    if ((now.sessions === 0 && now.handles.Timeout === undefined) || performance.now() > deadline) return now;
    await elapsed(POLL_MS);
  }
}

/** Waits until all is as it was; gives the state, and what differs in the end. */
export async function backTo(before, world) {
  const deadline = performance.now() + SETTLE_MS;
  for (;;) {
    const now = await state(world);
    const found = differences(now, before);
    if (found.length === 0 || performance.now() > deadline) return { ...now, differences: found };
    await elapsed(POLL_MS);
  }
}

/** What a cycle has left behind, one by one: sessions and sockets. */
export function leftBehind(world) {
  const sockets = process._getActiveHandles().filter((handle) => handle instanceof Socket && !handle._type);
  return [...world.reachable(), ...sockets.map(socketText)];
}

function socketText(socket) {
  const { localPort, remotePort, destroyed, readableEnded, writableLength, encrypted, bytesRead, bytesWritten } =
    socket;
  const states = [
    ...(encrypted ? ['TLS'] : []),
    ...(destroyed ? ['destroyed'] : []),
    ...(socket.isPaused() ? ['paused'] : []),
    ...(readableEnded ? ['FIN read'] : []),
    ...(socket.writableFinished ? ['FIN sent'] : socket.writableEnded ? ['FIN due'] : []),
  ];
  return `socket ${localPort} to ${remotePort}: ${bytesRead} bytes read, ${bytesWritten} written, ${writableLength} unsent; ${states.join(', ') || 'open'}`;
}
