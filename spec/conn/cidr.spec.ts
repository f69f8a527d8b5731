import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { BlockList } from 'node:net';
import { cidrTest } from '../../src/conn/cidr.js';

describe('cidrTest', () => {
  it.each([
    ['10.0.0.0/8', ['10.0.0.0', '10.255.255.255'], ['9.255.255.255', '11.0.0.0']],
    ['192.0.2.16/28', ['192.0.2.16', '192.0.2.31'], ['192.0.2.15', '192.0.2.32']],
    ['192.0.2.7', ['192.0.2.7'], ['192.0.2.6', '192.0.2.8']],
    ['192.0.2.7/32', ['192.0.2.7'], ['192.0.2.6', '192.0.2.8']],
    ['0.0.0.0/0', ['0.0.0.0', '255.255.255.255'], ['::', '2001:db8::1']],
    ['2001:db8::/33', ['2001:db8::', '2001:db8:7fff::1'], ['2001:db8:8000::', '2001:db9::']],
    ['::1', ['::1', '0:0:0:0:0:0:0:1'], ['::', '::2', '127.0.0.1']],
    ['fe80::/10', ['fe80::1', 'febf::1', 'fe80::1%eth0'], ['fec0::1']],
    ['::/0', ['::', '2001:db8::1'], ['192.0.2.1']],
  ])('%s holds %j and not %j', (range, inside, outside) => {
    const isInside = cidrTest([range]);
    expect(inside.filter(isInside)).toEqual(inside);
    expect(outside.filter(isInside)).toEqual([]);
  });

  it('takes an IPv4-mapped client for the IPv4 client it is', () => {
    const isInside = cidrTest(['10.0.0.0/8']);
    expect(isInside('::ffff:10.1.2.3')).toBe(true);
    expect(isInside('::ffff:11.1.2.3')).toBe(false);
    expect(cidrTest(['::ffff:10.1.2.3'])('10.1.2.3')).toBe(true);
  });

  it('is inside when one of several ranges holds the address', () => {
    const isInside = cidrTest(['10.0.0.0/8', '192.168.0.0/16', 'fd00::/8']);
    expect(['10.9.9.9', '192.168.1.1', 'fd12::1', '172.16.0.1'].map(isInside)).toEqual([true, true, true, false]);
  });

  it('holds nobody without a range, and never somebody without an address', () => {
    expect(cidrTest([])('10.0.0.1')).toBe(false);
    for (const address of [undefined, '', 'localhost', '10.0.0.0/8', '/run/app.sock']) {
      expect(cidrTest(['0.0.0.0/0', '::/0'])(address)).toBe(false);
    }
  });

  it('agrees with the arithmetic of prefixes', () => {
    const dotted = (value: number): string => [24, 16, 8, 0].map((shift) => (value >>> shift) & 0xff).join('.');
    const ipv4 = fc.nat(0xffff_ffff);
    fc.assert(
      fc.property(ipv4, fc.nat(32), ipv4, (network, bits, random) => {
        const size = 2 ** (32 - bits);
        const near = Math.floor(network / size) * size + (random % size);
        const isInside = cidrTest([`${dotted(network)}/${bits}`]);
        expect(isInside(dotted(near))).toBe(true);
        expect(isInside(dotted(random))).toBe(Math.floor(random / size) === Math.floor(network / size));
      }),
    );
  });

  it.each([
    '',
    'localhost',
    '10.0.0.0/33',
    '10.0.0.0/-1',
    '10.0.0.0/',
    '/8',
    '10.0.0.256',
    '::/129',
    ' 10.0.0.1',
    '10.0.0.0/8/8',
  ])('throws ERR_MUX_OPTION for %j', (range) => {
    expect(() => cidrTest(['10.0.0.0/8', range])).toThrow(expect.objectContaining({ code: 'ERR_MUX_OPTION' }));
  });

  it.each(['010.0.0.0/8', '10/8', '1', '10.0.0.0/8/8', '0x0a.0.0.0'])(
    'refuses %s, which some read as another range than meant',
    (range) => {
      expect(() => cidrTest([range])).toThrow(expect.objectContaining({ code: 'ERR_MUX_OPTION' }));
    },
  );

  it('reads a range of IPv4-mapped addresses as the IPv4 range', () => {
    const isTen = cidrTest(['::ffff:10.0.0.0/104']);
    expect([isTen('10.1.2.3'), isTen('::ffff:10.1.2.3'), isTen('11.0.0.1')]).toEqual([true, true, false]);
  });

  it.each(['::ffff:10.0.0.0/8', '::ffff:10.0.0.0/95', '::ffff:10.0.0.0/129'])(
    'refuses %s, whose length is that of an IPv4 range or leaves the mapping open',
    (range) => {
      expect(() => cidrTest([range])).toThrow(expect.objectContaining({ code: 'ERR_MUX_OPTION' }));
    },
  );

  it('agrees with what Node says of IPv6', () => {
    // But for mapped ones, which stand for IPv4 here and not to Node: see above.
    const ipv6 = fc
      .array(fc.constantFrom('0', '1', 'fe80', 'ffff'), { minLength: 8, maxLength: 8 })
      .filter((groups) => !groups.join(':').startsWith('0:0:0:0:0:ffff:'));
    fc.assert(
      fc.property(ipv6, ipv6, fc.integer({ min: 0, max: 128 }), (network, client, bits) => {
        const list = new BlockList();
        list.addSubnet(network.join(':'), bits, 'ipv6');
        const address = client.join(':');
        expect(cidrTest([`${network.join(':')}/${bits}`])(address)).toBe(list.check(address, 'ipv6'));
      }),
    );
  });
});
