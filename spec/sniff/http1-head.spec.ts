import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { HeldBytes } from '../../src/sniff/held-bytes.js';
import { Http1Head, isToken, requestHead, type HeadReading } from '../../src/sniff/http1-head.js';
import { latin1 } from '../../src/sniff/matcher.js';
import { http1Fast } from '../../src/sniff/matchers/http1-fast.js';
import { http1Header } from '../../src/sniff/matchers/http1-header.js';
import { http1Host } from '../../src/sniff/matchers/http1-host.js';
import { http1 } from '../../src/sniff/matchers/http1.js';
import { rtsp } from '../../src/sniff/matchers/rtsp.js';
import { websocket } from '../../src/sniff/matchers/websocket.js';
import { feed, isMatch, somewhere } from '../conformance/matcher-contract.js';
import { curlGet, http1Flights, lines, websocketFlights } from '../vectors/http1.js';

/** A view of `bytes` that counts how often one of them is looked at. */
function counting(bytes: Uint8Array): { readonly bytes: Uint8Array; reads: number } {
  const counted = {
    reads: 0,
    bytes: new Proxy(bytes, {
      get(target, property) {
        if (typeof property === 'string' && /^\d+$/.test(property)) counted.reads++;
        return Reflect.get(target, property, target) as unknown;
      },
    }),
  };
  return counted;
}

function readByteByByte(head: Http1Head, bytes: Uint8Array): { readonly reading: HeadReading; readonly reads: number } {
  let reading: HeadReading = 'more';
  let reads = 0;
  for (let end = 1; end <= bytes.length; end++) {
    const counted = counting(bytes.subarray(0, end));
    reading = head.readFields(counted.bytes);
    reads += counted.reads;
  }
  return { reading, reads };
}

describe('Http1Head', () => {
  it.each([...http1Flights, ...websocketFlights])('reads $name the same whole and byte by byte', ({ bytes }) => {
    const whole = new Http1Head();
    expect(whole.readFields(bytes)).toBe('end');
    const pieces = new Http1Head();
    expect(readByteByByte(pieces, bytes).reading).toBe('end');
    expect(pieces.requestLine(bytes)).toEqual(whole.requestLine(bytes));
    expect(pieces.fieldCount).toBe(whole.fieldCount);
    expect([...pieces.fields(bytes, pieces.fieldCount)]).toEqual([...whole.fields(bytes, whole.fieldCount)]);
  });

  it('finds the fields that a line-by-line reading finds', () => {
    const name = fc.constantFrom('Host', 'accept', 'X-A', "!#$%&'*+-.^_`|~9");
    const value = fc.string({ unit: fc.constantFrom('a', ' ', '\t', ',', ':', '\xff', '"'), maxLength: 8 });
    fc.assert(
      fc.property(fc.array(fc.tuple(name, value), { maxLength: 6 }), (fields) => {
        const bytes = lines('GET / HTTP/1.1', ...fields.map(([n, v]) => `${n}:${v}`), '');
        const head = new Http1Head();
        expect(head.readFields(bytes)).toBe('end');
        const expected = fields.map(([n, v]) => [n, v.replace(/^[ \t]+|[ \t]+$/g, '')]);
        expect([...head.fields(bytes, head.fieldCount)]).toEqual(expected);
      }),
    );
  });

  it('looks at each byte about once, however finely the head is cut', () => {
    for (const { bytes } of [...http1Flights, ...websocketFlights]) {
      const whole = counting(bytes);
      new Http1Head().readFields(whole.bytes);
      expect(whole.reads).toBeLessThan(2 * bytes.length);
      // The byte that a piece ends before is looked at again with the next piece: a few for each byte, never all of them.
      expect(readByteByByte(new Http1Head(), bytes).reads).toBeLessThan(6 * bytes.length);
    }
  });

  it('case 8: looks at no byte of a body', () => {
    const head = lines('POST / HTTP/1.1', 'Host: a', '');
    const bytes = new Uint8Array(1 << 20);
    bytes.set(head);
    const counted = counting(bytes);
    expect(new Http1Head().readFields(counted.bytes)).toBe('end');
    expect(counted.reads).toBeLessThan(2 * head.length);
  });

  it('case 22: reads a head of 60 KiB under a cap of 64 KiB', () => {
    const cookies = Array.from({ length: 16 }, (_, i) => `Cookie: ${String(i).padEnd(3900, 'x')}`);
    const flight = lines('GET / HTTP/1.1', ...cookies, 'X-Env: blue', '');
    expect(flight.length).toBeGreaterThan(60 * 1024);
    const held = new HeldBytes(somewhere, 64 * 1024);
    const matcher = http1Header('x-env', 'blue');
    for (let at = 0; at < flight.length; at += 1460) {
      expect(isMatch(matcher.match(held))).toBe(false);
      held.append(flight.subarray(at, at + 1460));
    }
    expect(isMatch(matcher.match(held))).toBe(true);
  });

  it('case 21: a head without end stays undecided up to the cap and is refused there; the fast route has long matched', () => {
    const endless = lines('GET / HTTP/1.1', `Cookie: ${'x'.repeat(1 << 20)}`);
    const held = new HeldBytes(somewhere, 16 * 1024);
    held.append(endless);
    expect(held.bytes).toHaveLength(16 * 1024);
    const matcher = http1Header('x-env');
    expect(matcher.match(held)).toBe('more');
    expect(isMatch(http1Fast().match(held))).toBe(true);
    expect(isMatch(http1().match(held))).toBe(true);
  });

  it('takes as many fields as come', () => {
    const many = Array.from({ length: 2000 }, (_, i) => `X-${String(i)}: y`);
    const head = new Http1Head();
    expect(head.readFields(lines('GET / HTTP/1.1', ...many, ''))).toBe('end');
    expect(head.fieldCount).toBe(2000);
  });

  it('keeps the fields before a fault', () => {
    const bytes = lines('GET / HTTP/1.1', 'A: 1', 'B: 2', 'not a field');
    const head = new Http1Head();
    expect(head.readFields(bytes)).toBe('no');
    expect(head.readFields(bytes)).toBe('no');
    expect([...head.fields(bytes, head.fieldCount)]).toEqual([
      ['A', '1'],
      ['B', '2'],
    ]);
  });

  it('ends at CR LF alone', () => {
    const before = lines('GET / HTTP/1.1', 'A: 1');
    const ending = (text: string): HeadReading => new Http1Head().readFields(Uint8Array.of(...before, ...latin1(text)));
    expect(['', '\r', '\r\n', '\r\nmore'].map(ending)).toEqual(['more', 'more', 'end', 'end']);
    expect(['\n', '\r\r', '\rA: 1\r\n'].map(ending)).toEqual(['no', 'no', 'no']);
  });

  it('is HTTP or RTSP from the first byte of the version on', () => {
    const head = new Http1Head();
    const bytes = latin1('PLAY rtsp://a R');
    expect(head.readLine(bytes.subarray(0, -1), 'HTTP')).toBe('more');
    expect(head.readLine(bytes, 'HTTP')).toBe('no');
    expect(head.readLine(bytes, 'RTSP')).toBe('more');
    expect(head.readFields(bytes)).toBe('no');
  });

  it('is made once for all the matchers of a connection', () => {
    const held = new HeldBytes(somewhere);
    held.append(curlGet);
    const matchers = [websocket(), rtsp(), http1Host('example.org'), http1Header('x'), http1()];
    const verdicts = matchers.map((matcher) => isMatch(matcher.match(held)));
    expect(verdicts).toEqual([false, false, false, false, true]);
    const head = held.parser(requestHead);
    expect(head.fieldCount).toBe(3);
    expect(held.parser(requestHead)).toBe(head);
  });

  it('case 29: PR, then one of three protocols', () => {
    const verdict = (text: string): boolean[] =>
      [http1(), http1Fast()].map((matcher) => isMatch(feed(matcher, [latin1('PRO'), latin1(text)], true)));
    expect(verdict('XY TCP4 192.0.2.1 192.0.2.2 1 2\r\n')).toEqual([false, false]);
    expect(verdict('PFIND / HTTP/1.1\r\n')).toEqual([true, true]);
    expect(isMatch(feed(http1(), [latin1('PR'), latin1('I * HTTP/2.0\r\n\r\n')], true))).toBe(false);
  });
});

describe('isToken', () => {
  it('is true for what can be a method or a field name', () => {
    expect(['GET', 'x-env', "!#$%&'*+-.^_`|~09"].map(isToken)).toEqual([true, true, true]);
    expect(['', 'a b', 'a:', 'a\0', '\x7f', 'é', '(', 'ŁGET'].map(isToken)).toEqual(Array(8).fill(false));
  });
});
