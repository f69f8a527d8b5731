import { describe, expect, it } from '@jest/globals';
import { literal, matchGrammar, type Grammar } from '../../src/sniff/grammar.js';
import { HeldBytes } from '../../src/sniff/held-bytes.js';
import { latin1, type Matcher } from '../../src/sniff/matcher.js';
import { byteByByte, feed, somewhere } from '../conformance/matcher-contract.js';

let bytesRead = 0;

/** `hi`, then text up to `!`, which it tells. */
function* greeting(): Grammar<string> {
  if (!(yield* literal('hi'))) return 'no';
  let text = '';
  for (let byte = yield; byte !== 0x21; byte = yield) {
    bytesRead++;
    text += String.fromCharCode(byte);
  }
  return { meta: text };
}

const matcher: Matcher = { protocol: 'greeting', match: matchGrammar(greeting, 10) };

describe('matchGrammar', () => {
  it('waits where the grammar waits and decides where it returns', () => {
    expect(feed(matcher, [latin1('hi the')])).toBe('more');
    expect(feed(matcher, [latin1('hi there!')])).toEqual({ meta: ' there' });
    expect(feed(matcher, [latin1('hx')])).toBe('no');
  });

  it('says no at maxBytes, not before, and not to a flight that ends there', () => {
    expect(feed(matcher, [latin1('hi you all')])).toBe('no');
    expect(feed(matcher, [latin1('hi you al')])).toBe('more');
    expect(feed(matcher, [latin1('hi you al!')])).toEqual({ meta: ' you al' });
  });

  it('reads each byte once, though it is called for each', () => {
    bytesRead = 0;
    feed(matcher, byteByByte(latin1('hi there!')));
    expect(bytesRead).toBe(' there'.length);
  });

  it.each(['hi you! and more', 'hello'])('keeps its answer to %j as more bytes come', (text) => {
    const held = new HeldBytes(somewhere);
    held.append(latin1(text));
    const verdict = matcher.match(held);
    expect(verdict).not.toBe('more');
    held.append(latin1('!!!'));
    expect(matcher.match(held)).toBe(verdict);
  });

  it('parses the connections it is asked about apart from each other', () => {
    const [one, other] = [new HeldBytes(somewhere), new HeldBytes(somewhere)];
    one.append(latin1('hi '));
    other.append(latin1('hi you'));
    expect([matcher.match(one), matcher.match(other)]).toEqual(['more', 'more']);
    one.append(latin1('me!'));
    expect(matcher.match(one)).toEqual({ meta: ' me' });
  });
});
