import { ListenError, MuxError } from '../errors.js';

/** Where something listens or connects, in words. */
export function describeAddress({
  path,
  host,
  port,
}: {
  path?: string | undefined;
  host?: string | undefined;
  port?: number | undefined;
}): string {
  return path ?? `${host === undefined ? 'port ' : host.includes(':') ? `[${host}]:` : `${host}:`}${port ?? 0}`;
}

/** Says why a port could not be bound, and how to mend it. */
export function bindError(error: NodeJS.ErrnoException, where: string): MuxError {
  const facts = { scope: 'listener', cause: error } as const;
  switch (error.code) {
    case 'EADDRINUSE':
      return new ListenError(
        'ERR_MUX_ADDRESS_IN_USE',
        `${where} is taken: stop what listens there or choose another port`,
        facts,
      );
    case 'EACCES':
    case 'EPERM':
      return new ListenError(
        'ERR_MUX_PERMISSION',
        `no permission to listen on ${where}: choose a port from 1024 up or run with CAP_NET_BIND_SERVICE`,
        facts,
      );
    default:
      return new ListenError('ERR_MUX_LISTEN', `can't listen on ${where}: ${error.message}`, facts);
  }
}
