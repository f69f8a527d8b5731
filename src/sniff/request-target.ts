import { parseAuthority, type Authority } from '../conn/host-name.js';
import type { RequestLine } from './http1-head.js';

const ABSOLUTE_FORM = /^[a-z][a-z\d+.-]*:\/\/([^/?#]*)(.*)$/is;
/** Whom and what a request asks for (RFC 9112 §3.3). */
export interface RequestTarget {
  readonly authority: Authority;
  /** Without its query, not decoded; `*` for `OPTIONS *`, empty for `CONNECT`. */
  readonly path: string;
}

/**
 * Puts a request line and the values of its `Host` lines together. A target that names the authority itself (absolute
 * form, `CONNECT`) overrides `Host` (RFC 9112 §3.2.2).
 *
 * @returns `undefined` for a request without a host; `'malformed'` for one that no host has, and for two `Host` lines, even
 * alike (§3.2)
 */
export function requestTarget(
  { method, target }: RequestLine,
  hosts: readonly string[],
): RequestTarget | 'malformed' | undefined {
  if (hosts.length > 1) return 'malformed';
  const isConnect = method === 'CONNECT';
  const absolute = isConnect ? null : ABSOLUTE_FORM.exec(target);
  const named = isConnect ? target : (absolute?.[1] ?? hosts[0] ?? '');
  // An absolute target has a host (RFC 9110 §4.2.1).
  if (named === '') return absolute === null ? undefined : 'malformed';
  const authority = parseAuthority(named);
  if (authority === undefined) return 'malformed';
  if (isConnect) return { authority, path: '' };
  return { authority, path: withoutQuery(absolute?.[2] ?? target) || '/' };
}

function withoutQuery(path: string): string {
  const end = path.search(/[?#]/);
  return end < 0 ? path : path.slice(0, end);
}
