import type { IncomingMessage } from 'node:http';
import { agreedAuthority } from '../conn/agreed-authority.js';

/**
 * The host that the fields of a request name: `:authority` of HTTP/2, else `Host`. Two readers of one request must not take it for
 * different hosts, so a request that leaves room for that has no answer: `Host` given twice or malformed (RFC 9112 §3.2), and an
 * `:authority` from which `Host` differs (RFC 9113 §8.3.1).
 *
 * @returns in its canonical form, without port; empty when the request names none, `undefined` when it has to be refused
 */
export function requestAuthority({ rawHeaders }: Pick<IncomingMessage, 'rawHeaders'>): string | undefined {
  const named: string[] = [];
  let scheme: string | undefined;
  let hosts = 0;
  for (let i = 0; i < rawHeaders.length; i += 2) {
    const [name, value = ''] = [rawHeaders[i]?.toLowerCase(), rawHeaders[i + 1]];
    if (name === ':scheme') scheme = value;
    else if (name === ':authority') named.unshift(value);
    else if (name === 'host') {
      named.push(value);
      hosts++;
    }
  }
  if (hosts > 1) return undefined;
  return named.length === 0 ? '' : agreedAuthority(named, scheme)?.host;
}
