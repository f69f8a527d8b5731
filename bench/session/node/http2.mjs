import { connect as connectHttp2, createServer } from 'node:http2';
import { DuplexChannel } from './duplex-channel.mjs';

// Windows as the others have them: 256 KiB for a stream, room for many streams in the session.
const initialWindowSize = 262_144;
const SESSION_WINDOW = 1 << 24;
const maxSessionMemory = 1000;

/** A request for each stream, whose body goes up and whose response's body comes down. */
export function http2() {
  return {
    async listen(onChannel, onError) {
      const settings = { initialWindowSize, maxConcurrentStreams: 100_000 };
      const server = createServer({ settings, maxSessionMemory });
      server.on('session', (session) => session.setLocalWindowSize(SESSION_WINDOW));
      server.on('stream', (stream) => {
        stream.respond({ ':status': 200 });
        onChannel(new DuplexChannel(stream, onError));
      });
      await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
      return server.address().port;
    },
    async connect(port, onError) {
      const session = connectHttp2(`http://127.0.0.1:${port}`, { settings: { initialWindowSize }, maxSessionMemory });
      session.on('error', onError);
      // Before them it opens a hundred streams at most.
      await new Promise((resolve) => session.once('remoteSettings', resolve));
      session.setLocalWindowSize(SESSION_WINDOW);
      const request = { ':method': 'POST', ':path': '/' };
      return { open: (onOpen) => onOpen(new DuplexChannel(session.request(request), onError)) };
    },
  };
}
