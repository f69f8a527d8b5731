import { ListenError, MuxError } from '../errors.js';

/** A place to listen on or connect to. */
export interface Place {
  readonly path?: string | undefined;
  readonly host?: string | undefined;
  readonly port?: number | undefined;
}

/** A place in words. */
export function describePlace({ path, host, port }: Place): string {
  return path ?? `${host === undefined ? 'port ' : host.includes(':') ? `[${host}]:` : `${host}:`}${port ?? 0}`;
}

// Linux' sun_path with its final NUL; Node says EADDRINUSE for a longer one.
const LONGEST_PATH = 107;

/** Says why a place could not be bound, and how to mend it. */
export function bindError(error: NodeJS.ErrnoException, place: Place): MuxError {
  const where = describePlace(place);
  const facts = { scope: 'listener', cause: error } as const;
  const { path } = place;
  if (path !== undefined && Buffer.byteLength(path) > LONGEST_PATH) {
    return new ListenError(
      'ERR_MUX_LISTEN',
      `${where} is longer than the ${LONGEST_PATH} bytes that a socket path may have`,
      facts,
    );
  }
  switch (error.code) {
    case 'EADDRINUSE': {
      const cure = path === undefined ? 'choose another port' : 'remove the file if nothing does';
      return new ListenError('ERR_MUX_ADDRESS_IN_USE', `${where} is taken: stop what listens there or ${cure}`, facts);
    }
    case 'EACCES':
    case 'EPERM': {
      const cure =
        path === undefined
          ? 'choose a port from 1024 up or run with CAP_NET_BIND_SERVICE'
          : 'choose a folder that exists and that you may write to';
      return new ListenError('ERR_MUX_PERMISSION', `no permission to listen on ${where}: ${cure}`, facts);
    }
    case 'EADDRNOTAVAIL':
    case 'ENOTFOUND':
      return new ListenError(
        'ERR_MUX_LISTEN',
        `can't listen on ${where}: give a name or an address of this machine`,
        facts,
      );
    default:
      return new ListenError('ERR_MUX_LISTEN', `can't listen on ${where}: ${error.message}`, facts);
  }
}
