import { describe, expect, it } from '@jest/globals';
import { of, Subject } from 'rxjs';
import { memoryPipe } from '../../src/testing/memory-pipe.js';
import { sniff } from '../../src/sniff/sniff.js';
import { MATCH, latin1, matchPrefix, type Matcher } from '../../src/sniff/matcher.js';

const startsWith = <P extends string>(protocol: P, text: string): Matcher<P, object> => ({
  protocol,
  match: ({ bytes }) => {
    const verdict = matchPrefix(bytes, latin1(text));
    return verdict === 'match' ? MATCH : verdict;
  },
});

describe('sniff', () => {
  it('emits the same Conn with its protocol once the bytes say so, and replays them', () => {
    const [client, server] = memoryPipe({ chunkBytes: 1 });
    const seen: string[] = [];
    of(server).pipe(sniff(startsWith('a', 'AAA'), startsWith('b', 'ABB'))).subscribe((conn) => {
      expect(conn).toBe(server);
      seen.push(conn.protocol);
      conn.subscribe((bytes) => seen.push(Buffer.from(bytes).toString()));
    });
    client.next(latin1('ABBC'));
    expect(seen).toEqual(['b', 'ABB', 'C']);
  });
});
