import { describe, expect, test } from '@jest/globals';
import { once } from 'node:events';
import { connect } from 'node:net';
import type { Codec } from '../../src/wire/codec.js';
import { FrameTap } from '../../src/wire/frame-tap.js';
import { bytesOf, ODD_FRAMES, streamsOf, type OddFrame } from '../vectors/odd-frames.js';
import {
  buildMuxPeer,
  describeMuxado2,
  describeMuxPeer,
  useMuxPeer,
  type MuxPeerBuild,
  type MuxProtocol,
} from './mux-peer.js';
import { trafficHeader } from './mux-traffic.js';

// The stream on which the client has ended is still being echoed then, at a hundred bytes a second.
const SLOW = 1;
const SLOW_BYTES = 20_000;

function suite(build: MuxPeerBuild, isTested: (name: string) => boolean): void {
  const { lab, start } = useMuxPeer(build);

  /** True when the session goes on behind the bytes; and what was sent when it does. */
  async function outcome(
    proto: MuxProtocol,
    codec: Codec,
    bytes: Uint8Array,
  ): Promise<[livesOn: boolean, sent: string]> {
    const go = start({ proto, role: 'server' });
    const socket = connect(await go.port(), '127.0.0.1');
    lab.onDown(() => socket.destroy());
    socket.on('error', () => undefined);
    const received: Buffer[] = [];
    const heard = new Map<number, string>();
    const decoder = codec.decoder(
      new FrameTap((frame) => {
        if (frame.kind === 'data')
          heard.set(frame.id, (heard.get(frame.id) ?? '') + Buffer.from(frame.bytes).toString());
        else if (frame.kind === 'end') heard.set(frame.id, 'end');
      }),
    );
    socket.on('data', (chunk) => {
      received.push(chunk);
      decoder.push(chunk);
    });
    const { open, over, ended, next } = streamsOf(codec);
    socket.write(
      bytesOf(
        codec,
        { kind: 'open', id: open },
        { kind: 'data', id: open, bytes: trafficHeader('echo') },
        { kind: 'open', id: over },
        { kind: 'end', id: over },
        { kind: 'open', id: ended },
        { kind: 'data', id: ended, bytes: trafficHeader('echo', SLOW) },
        { kind: 'data', id: ended, bytes: new Uint8Array(SLOW_BYTES / 2) },
        { kind: 'data', id: ended, bytes: new Uint8Array(SLOW_BYTES / 2) },
        { kind: 'end', id: ended },
      ),
    );
    while (heard.get(over) !== 'end') await once(socket, 'data');
    socket.write(bytes);
    socket.write(
      bytesOf(
        codec,
        { kind: 'open', id: next },
        { kind: 'data', id: next, bytes: trafficHeader('echo') },
        { kind: 'data', id: next, bytes: Buffer.from('after') },
      ),
    );
    const isOver = go.first('session-ended').then(() => 'over');
    while (heard.get(next) !== 'after') {
      // A session that ends may reset the connection.
      const data = once(socket, 'data').catch(() => isOver);
      if ((await Promise.race([data, isOver])) === 'over') return [false, ''];
    }
    return [true, Buffer.concat(received).toString('hex')];
  }

  describe.each(ODD_FRAMES.filter(([name]) => isTested(name)))('%s', (name, codec, rows) => {
    test.each(rows.filter(({ original }) => !original.startsWith('misreads')))(
      '$name: $original',
      async ({ bytes, original }: OddFrame) => {
        const [livesOn, sent] = await outcome(name as MuxProtocol, codec, bytes);
        expect(livesOn).toBe(original !== 'ends');
        const [, answer] = /^answers `(\w+)`$/.exec(original) ?? [];
        if (answer !== undefined) expect(sent).toContain(answer);
      },
    );
  });
}

describeMuxPeer('odd frames of docs/wire/odd-frames.md, in the Go libraries of Debian', (go) => {
  suite(
    (lab) => buildMuxPeer(lab, go),
    (name) => name !== 'muxado2',
  );
});

describeMuxado2('odd frames of docs/wire/odd-frames.md, in muxado 2 in Go', (go, gopath) => {
  suite(
    (lab) => buildMuxPeer(lab, go, gopath),
    (name) => name === 'muxado2',
  );
});
