import http from 'node:http';
import { toHttp } from '../../../dist/index.js';

/** A server that sends each body back, as an HTTP/1 and as an HTTP/2 server takes it. */
export const echo = (request, response) => {
  // Either end may leave in the middle.
  for (const half of [request, response]) half.on('error', () => {});
  request.pipe(response);
};

export const sink = () => toHttp(http.createServer(echo));

/** One request after the other over one connection. */
export function client(socket) {
  const agent = new http.Agent({ keepAlive: true, maxSockets: 1 });
  agent.createConnection = () => socket;
  return {
    isParallel: false,
    open: (onResponse, onError) => {
      const request = http.request({ agent, method: 'POST', host: 'localhost', path: '/' }, onResponse);
      request.on('error', onError);
      return request;
    },
    close: () => agent.destroy(),
  };
}
