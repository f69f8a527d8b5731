import { it } from '@jest/globals';
import { Duplex } from 'node:stream';
import { firstValueFrom, lastValueFrom, toArray, of, Subject, timeout } from 'rxjs';
import { proxyProtocol } from '../../src/net/proxy-protocol.js';
import { fromDuplex } from '../../src/net/duplex-conn.js';
import { sniff } from '../../src/sniff/sniff.js';
import { http1 } from '../../src/sniff/matchers/http1.js';
for (const pieces of [['H', 'P', null], ['HP', null], ['H', 'P+null'], ['HP+null'], ['HP+null late']])
it('x ' + pieces.join(), async () => {
  const H = 'PROXY TCP4 1.2.3.4 5.6.7.8 1 2\r\n', P = 'GET / HTTP/1.1\r\nHost: a\r\n\r\n';
  const d = new Duplex({ read() {}, write(c, e, cb) { cb(); } });
  if (pieces[0] === 'HP+null') { d.push(H + P); d.push(null); }
  const log: any[] = [];
  const p = firstValueFrom(of(fromDuplex(d)).pipe(proxyProtocol({ trust: ['unix'], rejected: { next: (r) => { log.push('PP ' + r.error.message); } } }), sniff(http1(), { timeoutMs: 200, rejected: { next: (r) => { log.push('sniff ' + r.reason); } } }), timeout(1000)));
  if (pieces[0] === 'HP+null late') { d.push(H + P); d.push(null); } else if (pieces[0] !== 'HP+null')
  for (const x of pieces) { if (x === null) d.push(null); else { if (x.includes('P+null')) { d.push(P); d.push(null); } else d.push(x.replace('H', H).replace('P', P)); } await new Promise(setImmediate); }
  try { const c = await p; console.log(pieces, c.remoteAddress, Buffer.concat(await lastValueFrom(c.pipe(toArray())) as any).toString()); } catch (e) { console.log(pieces, log, e); }
});
