import { describe, expect, it } from '@jest/globals';
import { latin1 } from '../../../src/sniff/matcher.js';
import { xmpp } from '../../../src/sniff/matchers/xmpp.js';
import { byteByByte, feed, matcherContract } from '../../conformance/matcher-contract.js';
import { flightsBesides, simpleFlights } from '../../vectors/text-and-simple.js';

// Refused at the last byte.
const bad = [
  'x',
  ' \r\n\x00',
  '<s3',
  '<3',
  '</',
  '<!',
  '<?p',
  '<?xmlx',
  '<?xml <',
  "<?xml version='1.0'>",
  "<?xml version='1.0'?>x",
  "<?xml version='1.0'?><?",
  '<?xml \x00',
  '<stream>',
  '<stream:f',
  '<stream:streame',
  "<stream:stream xmlns='http://etherx.jabber.org/streams'>",
  "<stream:stream xmlns='jabber:component:accept'>",
  "<stream:stream xmlns='jabber:clients'>",
  "<stream:stream foo='jabber:client'>",
  '<stream:stream>',
  "<stream:stream xmlns='jabber:client'/",
  "<stream:stream xmlns='jabber:client't",
  "<stream:stream xmlns='jabber:client' to='a' to=",
  '<stream:stream xmlns>',
  '<stream:stream xmlns=j',
  '<stream:stream =',
  "<stream:stream to='<",
  "<stream:stream to='\x00",
].map((text) => ({ name: JSON.stringify(text), text }));

matcherContract('xmpp', xmpp(), {
  yes: simpleFlights.xmpp,
  no: [
    ...flightsBesides('xmpp'),
    ...bad.map(({ name, text }) => ({ name, bytes: latin1(`${text} xmlns='jabber:client'>`) })),
  ],
});

describe('xmpp', () => {
  it.each(bad)('refuses at the last byte of $name', ({ text }) => {
    expect(feed(xmpp(), [latin1(text.slice(0, -1))])).toBe('more');
    expect(feed(xmpp(), [latin1(text)])).toBe('no');
  });

  it.each([
    ["<stream:stream xmlns='jabber:client'>", { from: 'client' }],
    ["<stream:stream to='A.Example' xmlns='jabber:server'>", { from: 'server', to: 'a.example' }],
    ['<stream:stream xmlns="jabber:client" to="B\xc3\xbccher.example">', { from: 'client', to: 'bücher.example' }],
  ])('tells who opens %j, and to which domain', (text, meta) => {
    expect(feed(xmpp(), [latin1(text)])).toEqual({ meta });
  });

  it('does not take the word jabber in a URL for XMPP', () => {
    expect(feed(xmpp(), [latin1('GET /?ns=jabber:client&tag=<stream:stream HTTP/1.1\r\n')])).toBe('no');
  });

  it('reads a tag of any length: how many bytes may come is for the sniffer to say', () => {
    const tag = latin1(`<stream:stream to='${'a'.repeat(5000)}' xmlns='jabber:client'>`);
    expect(feed(xmpp(), [tag.subarray(0, -1)])).toBe('more');
    for (const pieces of [[tag], byteByByte(tag)]) {
      expect(feed(xmpp(), pieces)).toEqual({ meta: { from: 'client', to: 'a'.repeat(5000) } });
    }
  });
});
