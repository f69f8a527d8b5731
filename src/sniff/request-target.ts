/** What the target of a request line says (RFC 9112 §3.2). */
export interface RequestTarget {
  /** Host and perhaps port, where the target itself names them (absolute form, `CONNECT`); it then overrides `Host`. */
  readonly authority?: string;
  /** The path without its query, `*` for `OPTIONS *`, empty for `CONNECT`. Not decoded. */
  readonly path: string;
}

/** Takes a request target apart. */
export function requestTarget(method: string, target: string): RequestTarget {
  if (method === 'CONNECT') return { authority: target, path: '' };
  const absolute = /^[a-z][a-z\d+.-]*:\/\/([^/?#]*)(.*)$/is.exec(target);
  if (absolute === null) return { path: withoutQuery(target) };
  const [, authority = '', rest = ''] = absolute;
  return { authority, path: withoutQuery(rest) || '/' };
}

function withoutQuery(path: string): string {
  return path.replace(/[?#].*$/s, '');
}

/** Host and port of a `Host` field or of an authority. */
export interface Authority {
  /** Lower-case; an IPv6 address keeps its brackets. */
  readonly host: string;
  /** Absent where the client named none. */
  readonly port?: number;
}

/** Longest host that is looked at, in bytes: a DNS name has 253 at most. */
const MAX_HOST_BYTES = 255;

/** Reads `host[:port]`; `undefined` for anything else, user names included (RFC 9110 §4.2.4). */
export function parseAuthority(text: string): Authority | undefined {
  const [, host, port] = /^(\[[\da-f:.]+\]|[^\s:/?#@[\]\\,]+)(?::(\d{0,5}))?$/i.exec(text) ?? [];
  if (host === undefined || host.length > MAX_HOST_BYTES) return undefined;
  return { host: host.toLowerCase(), ...(port ? { port: Number(port) } : {}) };
}
