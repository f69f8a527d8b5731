import { describe, expect, it } from '@jest/globals';
import { Duplex } from 'node:stream';
import { firstValueFrom, lastValueFrom, of, toArray } from 'rxjs';
import { fromDuplex } from '../../src/net/duplex-conn.js';
import { proxyProtocol } from '../../src/net/proxy-protocol.js';
import { http1 } from '../../src/sniff/matchers/index.js';
import { sniff } from '../../src/sniff/sniff.js';

const header = 'PROXY TCP4 192.0.2.1 192.0.2.2 1 2\r\n';
const request = 'GET / HTTP/1.1\r\nHost: a\r\n\r\n';

/** What a Duplex pushes: each row in one turn of the event loop, null for its end. */
type Pushed = readonly (readonly (string | null)[])[];

const orders: readonly (readonly [string, Pushed])[] = [
  ['one after the other', [[header], [request], [null]]],
  ['together, then the end', [[header + request], [null]]],
  ['the header, then request and end at once', [[header], [request, null]]],
  ['header and request at once, then the end', [[header, request], [null]]],
  ['all at once', [[header, request, null]]],
  ['all in one chunk with its end', [[header + request, null]]],
  ['the end a few turns later', [[header], [], [], [request, null]]],
];

describe('two looks at one Duplex, one after the other', () => {
  it.each(orders)('lose nothing when it pushes %s', async (_, pushed) => {
    for (const early of [true, false]) {
      const duplex = new Duplex({
        read() {},
        write(_chunk, _encoding, done) {
          done();
        },
      });
      const push = async (): Promise<void> => {
        for (const row of pushed) {
          for (const chunk of row) duplex.push(chunk);
          if (!early) await new Promise(setImmediate);
        }
      };
      if (early) await push();
      const found = firstValueFrom(of(fromDuplex(duplex)).pipe(proxyProtocol({ trust: ['unix'] }), sniff(http1())));
      if (!early) await push();
      const conn = await found;
      expect(conn.remoteAddress).toBe('192.0.2.1');
      expect(Buffer.concat(await lastValueFrom(conn.pipe(toArray()))).toString()).toBe(request);
    }
  });
});
