import { Agent, type AgentOptions } from 'node:http';
import type { Session } from '../session/session.js';
import { connectThrough } from './connect-through.js';

/**
 * An agent for `node:http` whose connections are streams of a session: the other end of it answers, whatever host the request
 * names. `keepAlive`, `maxSockets` and `timeout` mean streams. It does not end the session: `agent.destroy()` ends its streams.
 *
 * When the session has ended, requests fail with the session's error, `ERR_MUX_CLOSED` and the like; those under way with the
 * same, or as `node:http` tells of a connection that broke, `ECONNRESET`.
 *
 * @param options - those of `http.Agent`
 * @example
 * ```ts
 * http.get('http://peer/status', { agent: httpAgent(s) }, (response) => response.pipe(process.stdout));
 * ```
 */
export function httpAgent(session: Session, options: AgentOptions = {}): Agent {
  const connect = connectThrough(session);
  // Given at once and not called back: an agent counts what it has against `maxSockets`, not what it has asked for.
  return Object.assign(new Agent(options), { createConnection: (where: unknown) => connect(where) });
}
