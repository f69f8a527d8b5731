import { canonicalHost } from '../conn/host-name.js';
import type { RequestLine } from './http1-head.js';

/** Longest host that is looked at, in bytes: a DNS name has 253 at most. */
const MAX_HOST_BYTES = 255;

const ABSOLUTE_FORM = /^[a-z][a-z\d+.-]*:\/\/([^/?#]*)(.*)$/is;
const HOST_AND_PORT = /^(\[[\da-f:.]+\]|[^\s:/?#@[\]\\,]+)(?::(\d{0,5}))?$/i;

/** Host and port of a `Host` field or of an authority. */
export interface Authority {
  /** Lower-case and without a dot at its end; an IPv6 address keeps its brackets. */
  readonly host: string;
  /** `undefined` where none is named. */
  readonly port: number | undefined;
}

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
  if (named === '') return undefined;
  const authority = parseAuthority(named);
  if (authority === undefined) return 'malformed';
  if (isConnect) return { authority, path: '' };
  return { authority, path: withoutQuery(absolute?.[2] ?? target) || '/' };
}

/** Reads `host[:port]`; `undefined` for anything else, user names included (RFC 9110 §4.2.4). */
export function parseAuthority(text: string): Authority | undefined {
  const [, host, port] = HOST_AND_PORT.exec(text) ?? [];
  if (host === undefined || host.length > MAX_HOST_BYTES) return undefined;
  return { host: canonicalHost(host), port: port ? Number(port) : undefined };
}

function withoutQuery(path: string): string {
  const end = path.search(/[?#]/);
  return end < 0 ? path : path.slice(0, end);
}
