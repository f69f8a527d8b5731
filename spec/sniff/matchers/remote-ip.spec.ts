import { describe, expect, it } from '@jest/globals';
import type { Endpoints, Verdict } from '../../../src/sniff/matcher.js';
import { remoteIp } from '../../../src/sniff/matchers/remote-ip.js';
import { feed, somewhere } from '../../conformance/matcher-contract.js';

const from = (remoteAddress: string | undefined): Endpoints => ({ ...somewhere, remoteAddress });
const ask = (address: string | undefined, ...ranges: string[]): Verdict<unknown> =>
  feed(remoteIp(...ranges), [], false, from(address));

describe('remoteIp', () => {
  it.each(['10.0.0.0', '10.255.255.255', '::ffff:10.1.2.3', 'fd00::1', '192.0.2.9'])(
    'matches %s at once and tells it',
    (address) => {
      expect(remoteIp('10.0.0.0/8').zeroRead).toBe(true);
      expect(ask(address, '10.0.0.0/8', 'fd00::/8', '192.0.2.9')).toEqual({ meta: { address } });
    },
  );

  it.each(['9.255.255.255', '11.0.0.0', 'fe80::1', '192.0.2.10', '::ffff:11.0.0.1', 'not an address', '', undefined])(
    'refuses %p at once',
    (address) => {
      expect(ask(address, '10.0.0.0/8', 'fd00::/8', '192.0.2.9')).toBe('no');
    },
  );

  it('does not care which bytes come', () => {
    const client = from('10.0.0.1');
    for (let byte = 0; byte < 256; byte++) {
      expect(feed(remoteIp('10.0.0.1'), [Uint8Array.of(byte)], false, client)).toEqual({
        meta: { address: '10.0.0.1' },
      });
    }
  });

  it.each([[[]], [['10.0.0.0/33']], [['10.0.0.1', 'example.com']]])(
    'throws ERR_MUX_OPTION for %j',
    (ranges: string[]) => {
      expect(() => remoteIp(...ranges)).toThrow(expect.objectContaining({ code: 'ERR_MUX_OPTION' }));
    },
  );
});
