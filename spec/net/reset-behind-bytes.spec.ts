import { expect, test } from '@jest/globals';
import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Socket } from 'node:net';
import type { MuxError } from '../../src/errors.js';
import { fromDuplex } from '../../src/net/duplex-conn.js';

test('a reset right behind bytes is an error of the Conn and never its end, in 40 runs', async () => {
  const server = createServer({ allowHalfOpen: true }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const ends: string[] = [];
  for (let run = 0; run < 40; run++) {
    const client = connect((server.address() as AddressInfo).port, '127.0.0.1').on('error', () => undefined);
    const [socket] = (await once(server, 'connection')) as [Socket];
    const ended = new Promise<string>((resolve) => {
      fromDuplex(socket).subscribe({
        complete: () => resolve('complete'),
        error: ({ code }: MuxError) => resolve(code),
      });
    });
    client.write(Buffer.alloc(20_000 + run), () => client.resetAndDestroy());
    ends.push(await ended);
  }
  server.close();
  expect([...new Set(ends)]).toEqual(['ERR_MUX_RESET']);
});
