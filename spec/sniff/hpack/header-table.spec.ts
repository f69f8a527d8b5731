import { describe, expect, it } from '@jest/globals';
import { HeaderTable } from '../../../src/sniff/hpack/header-table.js';

// 32 octets that every entry counts, and these.
const entryOf = (bytes: number): [string, string] => ['n', 'v'.repeat(bytes - 33)];

describe('HeaderTable', () => {
  it('has the static table from index 1, the dynamic one from 62 with the newest first, and nothing else', () => {
    const table = new HeaderTable();
    table.add(['a', '1']);
    table.add(['b', '2']);
    expect([table.get(1), table.get(61)]).toEqual([
      [':authority', ''],
      ['www-authenticate', ''],
    ]);
    expect([table.get(62), table.get(63)]).toEqual([
      ['b', '2'],
      ['a', '1'],
    ]);
    expect([table.get(0), table.get(64), table.get(2 ** 28)]).toEqual([undefined, undefined, undefined]);
  });

  it('holds 4096 bytes, and drops the oldest for a newer one', () => {
    const table = new HeaderTable();
    table.add(entryOf(2048));
    table.add(entryOf(2048));
    expect(table.get(63)).toBeDefined();
    table.add(entryOf(34));
    expect(table.get(62)).toEqual(entryOf(34));
    expect(table.get(63)).toEqual(entryOf(2048));
    expect(table.get(64)).toBeUndefined();
  });

  it('is emptied by an entry that is larger than itself', () => {
    const table = new HeaderTable();
    table.add(entryOf(100));
    table.add(entryOf(4097));
    expect(table.get(62)).toBeUndefined();
    table.add(entryOf(4096));
    expect(table.get(62)).toEqual(entryOf(4096));
  });

  it('drops the oldest when it is made smaller, and takes more when it is made larger again', () => {
    const table = new HeaderTable();
    for (const bytes of [50, 60, 70]) table.add(entryOf(bytes));
    table.resize(130);
    expect([table.get(62), table.get(63), table.get(64)]).toEqual([entryOf(70), entryOf(60), undefined]);
    table.resize(0);
    expect(table.get(62)).toBeUndefined();
    table.add(entryOf(33));
    expect(table.get(62)).toBeUndefined();
    table.resize(33);
    table.add(entryOf(33));
    expect(table.get(62)).toEqual(entryOf(33));
  });
});
