import { describe, expect, it } from '@jest/globals';
import { framesFrom, HTTP2_PREFACE, isSettingsAck } from '../../src/sniff/http2-frame.js';
import { frame, octets, opening, settingsAck } from './http2-client.js';

describe('framesFrom', () => {
  it('gives each frame and where it lies, without the reserved bit of its stream', () => {
    const bytes = octets(opening, frame(0, { flags: 9, streamId: 0xffffffff, payload: octets('abc') }));
    expect([...framesFrom(bytes, HTTP2_PREFACE.length)]).toEqual([
      { length: 0, type: 4, flags: 0, streamId: 0, start: 24, payload: 33, end: 33 },
      { length: 3, type: 0, flags: 9, streamId: 0x7fffffff, start: 33, payload: 42, end: 45 },
    ]);
  });

  it('gives a frame as soon as its header is there, however long it claims to be', () => {
    const bytes = frame(1, { length: 0xffffff });
    expect([...framesFrom(bytes, 0)].map(({ end }) => end)).toEqual([9 + 0xffffff]);
    expect([...framesFrom(bytes.subarray(0, 8), 0)]).toEqual([]);
    expect([...framesFrom(bytes, 10)]).toEqual([]);
  });
});

describe('isSettingsAck', () => {
  it.each([
    ['an acknowledgement', settingsAck, true],
    ['SETTINGS', frame(4), false],
    ['an acknowledgement with settings in it', frame(4, { flags: 1, payload: octets('123456') }), false],
    ['a PING acknowledgement', frame(6, { flags: 1 }), false],
  ])('of %s', (_, bytes, expected) => {
    expect(Array.from(framesFrom(bytes, 0), isSettingsAck)).toEqual([expected]);
  });
});
