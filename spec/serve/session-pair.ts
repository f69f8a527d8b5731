import { session, type Session } from '../../src/session/session.js';
import { memoryPipe, type MemoryPipeOptions } from '../../src/testing/memory-pipe.js';
import type { Codec } from '../../src/wire/codec.js';
import { muxado } from '../../src/wire/index.js';

/** Two ends of a session, joined in memory. */
export function sessionPair(pipe: MemoryPipeOptions = {}, codec: Codec = muxado()): readonly [Session, Session] {
  const [near, far] = memoryPipe(pipe);
  return [session(near, { codec, role: 'client' }), session(far, { codec, role: 'server' })];
}
