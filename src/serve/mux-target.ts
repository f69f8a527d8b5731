import { parseAuthority } from '../conn/host-name.js';

/** Where a request goes, read from its target (RFC 9112 §3.2) and its Host. */
export interface MuxTarget {
  /** Lower case, without a dot at its end or a port; empty when the request names none. */
  readonly host: string;
  /** The clean path, still percent-encoded. */
  readonly path: string;
  /** False when the path was written with empty, `.` or `..` segments. */
  readonly isClean: boolean;
  /** The clean path's segments, decoded; an empty one at the end is a final slash. */
  readonly segments: readonly string[];
  /** As received, without `?`. */
  readonly query: string;
}

const ABSOLUTE = /^https?:\/\/([^/?#@]+)(.*)$/is;

/**
 * Reads the origin form (`/path?query`) and the absolute form (`http://host/path?query`, whose host wins over the Host
 * header, RFC 9112 §3.2.2). A path of CONNECT is taken as it is, not cleaned.
 *
 * @param fieldHost - the host that the header fields name, in its canonical form
 * @returns `undefined` for another form, a host that is none and bad percent-encoding
 */
export function parseTarget(method: string, target: string, fieldHost: string): MuxTarget | undefined {
  const [, named, origin = target] = ABSOLUTE.exec(target) ?? [];
  const host = named === undefined ? fieldHost : parseAuthority(named)?.host;
  if (host === undefined) return undefined;
  const [, written = '', query = ''] = /^([^?]*)\??(.*)$/s.exec(origin) ?? [];
  const path = written === '' && origin !== target ? '/' : written;
  if (!path.startsWith('/')) return undefined;
  const parts = path.slice(1).split('/');
  const kept = method === 'CONNECT' ? parts : cleanParts(parts);
  const clean = `/${kept.join('/')}`;
  try {
    const segments = kept.map(decodeURIComponent);
    return { host, path: clean, isClean: clean === path, segments, query };
  } catch {
    return undefined;
  }
}

// RFC 3986 §5.2.4, and empty segments go too. An encoded dot is a dot (§6.2.2.2), so `%2e%2e` can't climb either.
function cleanParts(parts: readonly string[]): string[] {
  const kept: string[] = [];
  for (const part of parts) {
    const plain = part.replace(/%2e/gi, '.');
    if (plain === '..') kept.pop();
    else if (plain !== '' && plain !== '.') kept.push(part);
  }
  if (parts.at(-1) === '' || kept.length === 0) kept.push('');
  return kept;
}
