import { parseAuthority, type Authority } from './host-name.js';

const DEFAULT_PORTS: Readonly<Record<string, number>> = { http: 80, https: 443 };

/**
 * The one host that the fields of a request name, `:authority` first. Two readers of a request must not take it for different hosts (RFC 9113
 * §8.3.1), so there is none where one is malformed or they differ. Ports are compared as numbers, a missing one as that of the scheme.
 *
 * @param named - one or more; an empty one names no host, which is allowed where the target has none (RFC 9112 §3.2)
 */
export function agreedAuthority(named: readonly string[], scheme: string | undefined): Authority | undefined {
  const [first, ...others] = named.map((text) => (text === '' ? { host: '', port: undefined } : parseAuthority(text)));
  const portOf = ({ port = DEFAULT_PORTS[scheme ?? ''] }: Authority): number | undefined => port;
  const agrees = (other: Authority | undefined): boolean =>
    first !== undefined && other?.host === first.host && portOf(other) === portOf(first);
  return others.every(agrees) ? first : undefined;
}
