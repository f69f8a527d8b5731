import { once } from 'node:events';
import http from 'node:http';
import net, { type AddressInfo } from 'node:net';
import type { MuxListener } from '../../src/serve/serve-mux.js';

/** Runs `use` against a server on a free port of loopback, and closes it. */
export async function withServer<T>(listener: MuxListener, use: (port: number) => Promise<T>): Promise<T> {
  const server = http.createServer(listener);
  await once(server.listen(0, '127.0.0.1'), 'listening');
  try {
    return await use((server.address() as AddressInfo).port);
  } finally {
    server.closeAllConnections();
    server.close();
  }
}

/** A response as it came over the wire. */
export interface RawResponse {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/** Sends `head` (lines without Host and Connection) and the body, and reads until the server closes. */
export async function request(port: number, head: string, body = '', host = 'localhost'): Promise<RawResponse> {
  const length = body === '' ? '' : `Content-Length: ${body.length}\r\n`;
  return parse(await exchange(port, `${head}\r\nHost: ${host}\r\nConnection: close\r\n${length}\r\n${body}`));
}

/** Sends bytes as they are, and reads until the server closes. */
export async function exchange(port: number, bytes: string): Promise<string> {
  const socket = net.connect(port, '127.0.0.1');
  socket.write(bytes, 'latin1');
  let received = '';
  for await (const chunk of socket) received += (chunk as Buffer).toString('latin1');
  return received;
}

/** Takes one response apart; the body is what follows the head, chunk framing and all. */
export function parse(response: string): RawResponse {
  const end = response.indexOf('\r\n\r\n');
  const [statusLine = '', ...lines] = response.slice(0, end).split('\r\n');
  const headers = lines.map((line) => {
    const colon = line.indexOf(':');
    return [line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trim()] as const;
  });
  return {
    status: Number(statusLine.split(' ')[1]),
    headers: Object.fromEntries(headers),
    body: Buffer.from(response.slice(end + 4), 'latin1').toString(),
  };
}
