import { describe, expect, it } from '@jest/globals';
import { latin1 } from '../../../src/sniff/matcher.js';
import { ssh } from '../../../src/sniff/matchers/ssh.js';
import { feed, matcherContract } from '../../conformance/matcher-contract.js';
import { flightsBesides, simpleFlights } from '../../vectors/text-and-simple.js';

matcherContract('ssh', ssh(), {
  yes: simpleFlights.ssh,
  no: [
    ...flightsBesides('ssh'),
    ...['SSH-1.5-old\r\n', 'SSH-2.1-x\r\n', 'SSH-2.0x', 'SSH-1.9-x', 'ssh-2.0-x', ' SSH-2.0-x', 'SSH-', 'SSH-2.0'].map(
      (text) => ({
        name: JSON.stringify(text),
        bytes: latin1(text),
      }),
    ),
  ],
});

describe('ssh', () => {
  it.each([
    ['SSH-2.0-', '2.0'],
    ['SSH-1.99-', '1.99'],
  ])('is sure at %s and tells the version', (text, version) => {
    expect(feed(ssh(), [latin1(text.slice(0, -1))])).toBe('more');
    expect(feed(ssh(), [latin1(text)])).toEqual({ meta: { version } });
  });

  it.each(['X', 'ST', 'SSL', 'SSH ', 'SSH-3', 'SSH-1.5', 'SSH-2.0+'])('refuses at the last byte of %j', (text) => {
    expect(feed(ssh(), [latin1(text.slice(0, -1))])).toBe('more');
    expect(feed(ssh(), [latin1(text)])).toBe('no');
  });
});
