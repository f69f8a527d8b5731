import { firstValueFrom } from 'rxjs';
import { acceptSessions, dial, listen, muxado, session, smux, yamux } from '../../../dist/index.js';
import { DuplexChannel } from './duplex-channel.mjs';
import { ObservableChannel } from './observable-channel.mjs';

const CODECS = {
  muxado1: muxado({ version: 1 }),
  muxado2: muxado(),
  yamux: yamux(),
  smux1: smux({ version: 1 }),
  smux2: smux({ version: 2 }),
};

// Ten thousand streams at once are more than a session takes from anybody. The opener keeps to what the acceptor takes: a stream
// counts until both have ended it, and the acceptor may be late.
const MANY = 20_000;
const limits = { maxStreams: MANY, maxOpenStreams: MANY, maxUnacceptedStreams: MANY, maxWaitingOpens: MANY };

const SURFACES = {
  observable: (stream, onError) => new ObservableChannel(stream, onError),
  duplex: (stream, onError) => new DuplexChannel(stream.duplex(), onError),
};

/** A session of ours, its streams used as Observables or as Duplexes. */
export function rxmux(protocol, surface) {
  const codec = CODECS[protocol];
  const channel = SURFACES[surface];
  return {
    async listen(onChannel, onError) {
      const conns$ = listen({ port: 0, host: '127.0.0.1' });
      conns$.pipe(acceptSessions({ codec, ...limits })).subscribe((accepted) => {
        accepted.accept$.subscribe({ next: (stream) => onChannel(channel(stream, onError)), error: onError });
      });
      return (await firstValueFrom(conns$.address$)).port;
    },
    async connect(port, onError) {
      const conn = await firstValueFrom(dial({ port, host: '127.0.0.1' }));
      const dialled = session(conn, { codec, role: 'client', ...limits });
      return { open: (onOpen) => onOpen(channel(dialled.open(), onError)) };
    },
  };
}
