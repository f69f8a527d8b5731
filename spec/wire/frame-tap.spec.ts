import { describe, expect, it } from '@jest/globals';
import type { Codec } from '../../src/wire/codec.js';
import { FrameTap } from '../../src/wire/frame-tap.js';
import { muxado, smux, yamux } from '../../src/wire/index.js';
import type { Frame } from '../../src/wire/frame.js';
import { hex } from '../vectors/binary.js';
import { muxado1Vectors } from '../vectors/wire/muxado1.js';
import { muxado2Vectors } from '../vectors/wire/muxado2.js';
import { smux2Vectors } from '../vectors/wire/smux.js';
import type { WireVectors } from '../vectors/wire/vector.js';
import { yamuxVectors } from '../vectors/wire/yamux.js';
import { decode, Recorder } from './recorder.js';

const rows: readonly { readonly codec: Codec; readonly vectors: WireVectors }[] = [
  { codec: muxado({ version: 1 }), vectors: muxado1Vectors },
  { codec: muxado(), vectors: muxado2Vectors },
  { codec: yamux(), vectors: yamuxVectors },
  { codec: smux({ version: 2 }), vectors: smux2Vectors },
];

describe('FrameTap', () => {
  it.each(rows)('lets every frame of $codec.protocol pass as it is', ({ codec, vectors: { both, read } }) => {
    for (const { bytes } of [...both, ...read]) {
      const behind = new Recorder();
      codec.decoder(new FrameTap(() => {}, behind)).push(bytes);
      expect(behind.frames).toEqual(decode(codec, [bytes]).frames);
    }
  });

  it('tells of data as it arrives, and of a frame without any', () => {
    const told: Frame[] = [];
    const decoder = yamux().decoder(new FrameTap((frame) => told.push(frame)));
    for (const piece of ['0000 0000 00000001 00000002 61', '62', '0000 0000 00000003 00000000'])
      decoder.push(hex(piece));
    expect(told).toEqual([
      { kind: 'data', id: 1, bytes: hex('61') },
      { kind: 'data', id: 1, bytes: hex('62') },
      { kind: 'data', id: 3, bytes: hex('') },
    ]);
  });

  it('tells before it lets pass', () => {
    const told: string[] = [];
    const behind = new FrameTap(() => told.push('behind'));
    yamux()
      .decoder(new FrameTap(() => told.push('tap'), behind))
      .push(hex('0001 0004 00000001 00000000'));
    expect(told).toEqual(['tap', 'behind']);
  });

  it('keeps the text of a GoAway, whose bytes may be written over', () => {
    const told: Frame[] = [];
    const bytes = hex('00000b 30 00000000 00000003 0000000a 627965');
    muxado()
      .decoder(new FrameTap((frame) => told.push(frame)))
      .push(bytes);
    bytes.fill(0);
    expect(told).toEqual([{ kind: 'goAway', lastId: 3, code: 10, debug: hex('627965') }]);
  });
});
