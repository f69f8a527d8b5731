import http2 from 'node:http2';
import { toHttp2 } from '../../../dist/index.js';
import { echo } from './http1.mjs';

// A session whose client reset the connection below TLS is only found by PING.
export const PROBE_MS = 5000;

export const sink = () => toHttp2(http2.createServer(echo), { probeMs: PROBE_MS });

export function client(socket) {
  const session = http2.connect('http://localhost', { createConnection: () => socket });
  session.on('error', () => {});
  return {
    isParallel: true,
    open: (onResponse, onError) => {
      const stream = session.request({ ':method': 'POST', ':path': '/' }, { endStream: false });
      stream.on('error', onError);
      // The end of a session that its connection left is no error of its streams in Node.
      stream.once('response', () => onResponse(stream));
      return stream;
    },
    close: () => session.close(),
  };
}
