import type { IncomingMessage } from 'node:http';
import { parseAuthority } from '../conn/host-name.js';

const DEFAULT_PORT: Readonly<Record<string, number>> = { http: 80, https: 443 };

/**
 * The host that the fields of a request name: `:authority` of HTTP/2, else `Host`. Two readers of one request must not take it for
 * different hosts, so a request that leaves room for that has no answer: `Host` given twice or malformed (RFC 9112 §3.2), and an
 * `:authority` from which `Host` differs (RFC 9113 §8.3.1). Ports are compared as numbers, a missing one as that of the scheme.
 *
 * @returns in its canonical form, without port; empty when the request names none, `undefined` when it has to be refused
 */
export function requestAuthority({ rawHeaders }: Pick<IncomingMessage, 'rawHeaders'>): string | undefined {
  const named: string[] = [];
  let defaultPort: number | undefined;
  let hosts = 0;
  for (let i = 0; i < rawHeaders.length; i += 2) {
    const [name, value = ''] = [rawHeaders[i]?.toLowerCase(), rawHeaders[i + 1]];
    if (name === ':scheme') defaultPort = DEFAULT_PORT[value];
    else if (name === ':authority') named.unshift(value);
    else if (name === 'host') {
      named.push(value);
      hosts++;
    }
  }
  if (hosts > 1) return undefined;
  const [first, ...others] = named.map((text) => authorityOf(text, defaultPort));
  if (first === undefined) return named.length === 0 ? '' : undefined;
  return others.every((other) => other?.host === first.host && other.port === first.port) ? first.host : undefined;
}

// An empty field names no host, which is allowed where the target has none (RFC 9112 §3.2).
function authorityOf(text: string, defaultPort: number | undefined): ReturnType<typeof parseAuthority> {
  if (text === '') return { host: '', port: undefined };
  const parsed = parseAuthority(text);
  return parsed && { host: parsed.host, port: parsed.port ?? defaultPort };
}
