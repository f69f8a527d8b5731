import { firstValueFrom } from 'rxjs';
import { acceptSessions, dial, listen, session } from '../../../dist/index.js';
import { certificate } from '../../lib/certificate.mjs';
import { CODECS } from '../../lib/codecs.mjs';
import { DuplexChannel } from './duplex-channel.mjs';
import { ObservableChannel } from './observable-channel.mjs';

// Ten thousand streams at once are more than a session takes from anybody. The opener keeps to what the acceptor takes: a stream
// counts until both have ended it, and the acceptor may be late.
const MANY = 20_000;
const limits = { maxStreams: MANY, maxOpenStreams: MANY, maxUnacceptedStreams: MANY, maxWaitingOpens: MANY };

const TRANSPORTS = {
  tcp: { listening: {}, dialling: {} },
  tls: { listening: { tls: certificate }, dialling: { tls: { ca: certificate.cert, servername: 'localhost' } } },
};

const SURFACES = {
  observable: (stream, onError) => new ObservableChannel(stream, onError),
  duplex: (stream, onError) => new DuplexChannel(stream.duplex(), onError),
};

/** A session of ours, its streams used as Observables or as Duplexes. */
export function rxmux(transport, protocol, surface) {
  const { listening, dialling } = TRANSPORTS[transport];
  const codec = CODECS[protocol];
  const options = { codec, ...limits };
  const channel = SURFACES[surface];
  return {
    async listen(onChannel, onError) {
      const conns$ = listen({ port: 0, host: '127.0.0.1', ...listening });
      conns$.pipe(acceptSessions(options)).subscribe((accepted) => {
        accepted.accept$.subscribe((stream) => onChannel(channel(stream, onError)));
        accepted.closed$.subscribe(({ error }) => error !== undefined && onError(error));
      });
      return (await firstValueFrom(conns$.address$)).port;
    },
    async connect(port, onError) {
      const conn = await firstValueFrom(dial({ port, host: '127.0.0.1', ...dialling }));
      const dialled = session(conn, { role: 'client', ...options });
      return { open: (onOpen) => onOpen(channel(dialled.open(), onError)) };
    },
  };
}
