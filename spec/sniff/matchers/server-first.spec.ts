import { describe, expect, it } from '@jest/globals';
import { MatcherSet } from '../../../src/sniff/matcher-set.js';
import { serverFirst } from '../../../src/sniff/matchers/server-first.js';
import { ssh } from '../../../src/sniff/matchers/ssh.js';
import { feed } from '../../conformance/matcher-contract.js';

const smtp = serverFirst('smtp', { after: 1500 });

describe('serverFirst', () => {
  it('waits while the client is silent, and no longer than there is something to wait for', () => {
    expect(feed(smtp, [])).toBe('more');
    expect(feed(smtp, [new Uint8Array(0)], true)).toBe('no');
  });

  it('refuses a client at its first byte, whichever it is', () => {
    for (let byte = 0; byte < 256; byte++) expect(feed(smtp, [Uint8Array.of(byte)])).toBe('no');
    expect(smtp.firstBytes).toEqual([]);
  });

  it('tells the sniffer after how much silence a client is its own; the soonest of several wins', () => {
    const ftp = serverFirst('ftp', { after: 200 });
    expect(smtp.silentAfterMs).toBe(1500);
    expect(new MatcherSet([ssh(), smtp, ftp]).silent).toEqual({ matcher: ftp, afterMs: 200 });
  });

  it.each([0, -1, NaN, Infinity, 2 ** 31])('throws ERR_MUX_OPTION for %d ms', (after) => {
    expect(() => serverFirst('smtp', { after })).toThrow(expect.objectContaining({ code: 'ERR_MUX_OPTION' }));
  });

  it.each([0.5, 2 ** 31 - 1])('takes %d ms', (after) => {
    expect(serverFirst('smtp', { after }).silentAfterMs).toBe(after);
  });
});
