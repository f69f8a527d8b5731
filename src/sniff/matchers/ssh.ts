import { latin1, type Matcher } from '../matcher.js';
import { bySignature } from './prefix.js';

/** What {@link ssh} tells. */
export interface SshMeta {
  /** The protocol version the client announces; `1.99` is a 2.0 client that would also speak 1.x. */
  readonly version: '2.0' | '1.99';
}

const IDENTIFICATION = bySignature<SshMeta>([
  [latin1('SSH-2.0-'), { version: '2.0' }],
  [latin1('SSH-1.99-'), { version: '1.99' }],
]);

/**
 * Matches an SSH client by the start of its identification line, `SSH-2.0-` or `SSH-1.99-` (RFC 4253 §4.2, §5.1): 9 bytes at
 * most. Clients that wait for the server's line first need `serverFirst`.
 *
 * @example
 * ```ts
 * const { shell, web } = partitionByProtocol(conns$, { shell: ssh(), web: http1() });
 * shell.subscribe(proxyTo({ port: 22 }));
 * ```
 */
export function ssh(): Matcher<'ssh', SshMeta> {
  return { protocol: 'ssh', ...IDENTIFICATION };
}
