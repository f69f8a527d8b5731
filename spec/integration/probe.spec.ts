import { expect, test } from '@jest/globals';
import http2 from 'node:http2';
import { Duplex } from 'node:stream';
import { fromDuplex } from '../../src/net/duplex-conn.js';
import { toHttp2 } from '../../src/serve/to-http2.js';

const req = Buffer.concat([Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'), Buffer.from('000000040000000000', 'hex'), Buffer.from('000006010500000001828684410178', 'hex')]);
for (const w of [10, 0]) for (const f of [10, 0])
for (const data of [req, req.subarray(0, 24), Buffer.alloc(0)])
test(`queued eof ${w} ${f} ${data.length}`, async () => {
  const server = http2.createServer((q, r) => r.end('hi'));
  const d = new Duplex({ read() {}, write(c, e, cb) { setTimeout(cb, w) }, final(cb) { setTimeout(cb, f) } });
  if (data.length) d.push(data);
  d.push(null);
  toHttp2(server).next(fromDuplex(d));
  await new Promise((r) => d.once('close', r));
});
