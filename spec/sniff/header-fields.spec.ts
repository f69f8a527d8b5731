import { describe, expect, it } from '@jest/globals';
import { HeaderFields, listElements } from '../../src/sniff/header-fields.js';

describe('HeaderFields', () => {
  const lines: readonly (readonly [string, string])[] = [
    ['Host', 'example.com'],
    ['Via', '1.0 fred, '],
    ['VIA', '1.1 joe'],
    ['Empty', ''],
  ];
  const fields = new HeaderFields(lines);

  it('finds a field by its name in any case', () => {
    expect(fields.get('host')).toBe('example.com');
    expect(fields.get('HOST')).toBe('example.com');
    expect(fields.get('empty')).toBe('');
    expect(fields.get('hos')).toBeUndefined();
  });

  it('joins the lines of a field in get, and keeps them apart in values', () => {
    expect(fields.get('via')).toBe('1.0 fred, , 1.1 joe');
    expect(fields.values('Via')).toEqual(['1.0 fred, ', '1.1 joe']);
    expect(fields.values('none')).toEqual([]);
  });

  it('lists the elements of all lines of a field', () => {
    expect(fields.list('via')).toEqual(['1.0 fred', '1.1 joe']);
    expect(fields.list('empty')).toEqual([]);
    expect(fields.list('none')).toEqual([]);
  });

  it('iterates over what was sent, in order', () => {
    expect([...fields]).toEqual(lines);
  });

  it('differs from one with other fields, which the matcher contract relies on', () => {
    expect(fields).toEqual(new HeaderFields(lines));
    expect(fields).not.toEqual(new HeaderFields(lines.slice(1)));
  });
});

describe('listElements', () => {
  it('trims elements and drops empty ones', () => {
    expect(listElements(' a,,\tb c ,')).toEqual(['a', 'b c']);
    expect(listElements(' , ')).toEqual([]);
  });
});
