import { describe, expect, it } from '@jest/globals';
import { encodeFrame } from '../../src/wire/encode-frame.js';
import { muxado } from '../../src/wire/muxado.js';
import { codecContract } from '../conformance/codec-contract.js';
import { hex } from '../vectors/binary.js';
import { muxado2Vectors } from '../vectors/wire/muxado2.js';
import { goAway } from '../vectors/wire/vector.js';
import { muxado2Twin } from './muxado2-twin.js';
import { decode, isFrameError, Recorder } from './recorder.js';

const codec = muxado();

codecContract('muxado2', codec, muxado2Vectors, muxado2Twin);

describe('muxado2', () => {
  it('session case 13: writes 8 bytes behind a GOAWAY, which Go swallows and others pass over', () => {
    expect(encodeFrame(codec, goAway(5, 0))).toEqual(hex('000008 30 00000000 00000005 00000000 000000 11 7fffffff'));
  });

  it('keeps the id of these bytes for nothing else', () => {
    expect(codec.traits.maxId).toBeLessThan(0x7fff_ffff);
  });

  it('puts SYN on the first data, never FIN beside it', () => {
    const out = new Uint8Array(codec.traits.maxControlBytes);
    expect(out.subarray(0, codec.encoder.dataHeader(out, 0, 3, 5, true))).toEqual(hex('000005 12 00000003'));
    expect(out.subarray(0, codec.encoder.open(out, 0, 3, 0, -1, -1))).toEqual(hex('000000 12 00000003'));
    expect(out.subarray(0, codec.encoder.end(out, 0, 3))).toEqual(hex('000000 11 00000003'));
  });

  it('session case 14: takes one header behind a GOAWAY for text, and no second one', () => {
    const text = '626364 20 65666768';
    const goneAway = '000008 30 00000000 00000003 00000000';
    expect(decode(codec, [hex(`${goneAway} ${text}`)])).toMatchObject({ isMidFrame: false });
    expect(isFrameError(decode(codec, [hex(`${goneAway} ${text} ${text}`)]).error)).toBe(true);
    expect(isFrameError(decode(codec, [hex(text)]).error)).toBe(true);
  });

  it('session case 15: keeps nothing of a frame of unknown type, and tells of it once', () => {
    const recorder = new Recorder();
    const decoder = codec.decoder(recorder);
    const chunk = new Uint8Array(65_536);
    const before = process.memoryUsage().arrayBuffers;
    decoder.push(hex('ffffff 70 00000000'));
    for (let i = 0; i < 255; i++) decoder.push(chunk);
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(chunk.length);
    expect(decoder.isMidFrame).toBe(true);
    decoder.push(chunk.subarray(1));
    expect(decoder.isMidFrame).toBe(false);
    expect(recorder.frames).toEqual([{ kind: 'unknown', type: 7, length: 0xff_ffff }]);
  });

  it('reads and writes alike with types and without', () => {
    const typed = muxado({ typed: true });
    expect(typed.encoder).toBe(codec.encoder);
    expect(typed.protocol).toBe(codec.protocol);
    expect([typed.traits.streamType, typed.traits.heartbeat.by]).toEqual(['prefix', 'stream']);
    expect([codec.traits.streamType, codec.traits.heartbeat.by]).toEqual(['none', 'probe']);
  });
});
