import { UsageError } from '../errors.js';

/** Where sessions are dialled or listened for, and what is between them and the network. */
export interface SessionPlace {
  readonly place: { readonly path: string } | { readonly port: number; readonly host?: string };
  readonly isTls: boolean;
  /** Path of a WebSocket URL, `''` where it has none; absent for any other. */
  readonly webPath?: string;
}

const UNIX = /^unix:(?:\/\/(?=\/))?(?<path>.+)$/;
const NETWORK =
  /^(?<scheme>tcp|tls|ws|wss):\/\/(?:\[(?<ip6>[^\]]+)\]|(?<host>[^:/?#@[\]\s]*))(?::(?<port>\d{1,5}))?(?<rest>[/?].*)?$/;

const WEB_PORTS: Readonly<Record<string, number>> = { ws: 80, wss: 443 };

/**
 * Reads `tcp://host:port`, `tls://host:port`, `ws://host:port/path`, `wss://host:port/path` and `unix:/path`.
 * @throws UsageError `ERR_MUX_OPTION` for anything else
 */
export function sessionPlace(url: string): SessionPlace {
  const path = UNIX.exec(url)?.groups?.path;
  if (path !== undefined) return { place: { path }, isTls: false };
  const { scheme = '', ip6, host, port, rest = '' } = NETWORK.exec(url)?.groups ?? {};
  const isWebSocket = scheme.startsWith('ws');
  if (scheme === '' || (!isWebSocket && rest !== '' && rest !== '/')) throw badUrl(url, 'is none of these');
  const portNumber = port === undefined ? WEB_PORTS[scheme] : Number(port);
  if (portNumber === undefined) throw badUrl(url, 'has no port');
  if (portNumber > 65_535) throw badUrl(url, 'has a port above 65535');
  const hostname = ip6 ?? host ?? '';
  const place = { port: portNumber, ...(hostname === '' ? {} : { host: hostname }) };
  return { place, isTls: scheme === 'tls' || scheme === 'wss', ...(isWebSocket ? { webPath: rest } : {}) };
}

function badUrl(url: string, fault: string): UsageError {
  const forms = "'tcp://host:port', 'tls://host:port', 'ws://host:port/path', 'wss://host:port/path', 'unix:/path'";
  return new UsageError('ERR_MUX_OPTION', `'${url}' ${fault}: write ${forms}; IPv6 as 'tcp://[::1]:4040'`);
}
