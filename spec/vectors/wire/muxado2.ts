import { hex } from '../binary.js';
import { credit, data, end, goAway, open, opening, reset, unknown, vector, type WireVectors } from './vector.js';

const PAD = '000000 11 7fffffff';

/**
 * "Go" is inconshreveable/muxado of 2016, built with Go 1.19 and recorded on loopback TCP; the call is what made it write these
 * bytes. "Rust" is made after muxado/src/codec.rs of ngrok/ngrok-rust. The others are made after Go's frame/.
 */
export const muxado2Vectors: WireVectors = {
  both: [
    vector('Go: Write("world") of the acceptor', '000005 10 00000003 776f726c64', data(3, 'world')),
    vector('Go: a beat, and its echo', '000004 10 00000003 1066630a', data(3, '\x10fc\n')),
    vector('Go: CloseWrite', '000000 11 00000003', end(3)),
    vector('Go: Read of 5 bytes', '000004 20 00000003 00000005', credit(3, 5)),
    vector('a WNDINC of the most', '000004 20 00000003 7fffffff', credit(3, 0x7fff_ffff)),
    vector('Go: data came for a stream that is over', '000004 00 00000009 00000004', reset(9, 4)),
    vector('a RST of AcceptQueueFull', '000004 00 00000005 00000009', reset(5, 9)),
    vector('a RST of a code that there is none of', '000004 00 00000005 ffffffff', reset(5, 0xffff_ffff)),
    vector('an empty frame that opens a stream', '000000 12 00000003', open(3)),
    vector('a probe: empty data for a stream that never was', '000000 10 7ffffffd', data(0x7fff_fffd, '')),
  ],
  read: [
    vector(
      'session case 13: a GOAWAY as rxmux writes it, with 8 bytes for Go to swallow',
      `000008 30 00000000 00000005 00000000 ${PAD}`,
      goAway(5, 0),
      end(0x7fff_ffff),
    ),
    vector('Go: Write("hello") of the opener', '000005 12 00000003 68656c6c6f', open(3), data(3, 'hello')),
    vector('Go: CloseWrite before any Write', '000000 13 00000005', open(5), end(5)),
    vector('Go: OpenTypedStream(3)', '000004 12 00000005 00000003', open(5), data(5, '\0\0\0\x03')),
    vector('data and the end in one frame', '000005 11 00000003 68656c6c6f', data(3, 'hello'), end(3)),
    vector('all that a frame can say', '000001 13 00000003 78', open(3), data(3, 'x'), end(3)),
    vector('unknown flags', '000001 1c 00000003 78', data(3, 'x')),
    vector('the reserved bit of an id', '000001 10 80000003 78', data(3, 'x')),
    vector('the reserved bit of a WNDINC', '000004 20 00000003 80000005', credit(3, 5)),
    vector('a WNDINC of nothing', '000004 20 00000003 00000000', credit(3, 0)),
    vector(
      'Go: Close of the session',
      '000010 30 00000000 00000002 00000000 6e6f206572726f72',
      goAway(2, 0, 'no error'),
    ),
    vector(
      'Go: the end of the connection',
      '000021 30 00000000 00000009 0000000f 7265616420454f462066726f6d2072656d6f74652070656572',
      goAway(9, 15, 'read EOF from remote peer'),
    ),
    vector(
      'session case 13: Go: GoAway(EnhanceYourCalm, "bye"), and three frames behind it',
      '00000b 30 00000000 00000003 0000000a 627965 000001 12 00000002 78 000004 20 00000003 00000005 000000 11 00000003',
      goAway(3, 10, 'bye'),
      open(2),
      data(2, 'x'),
      credit(3, 5),
      end(3),
    ),
    vector(
      'session case 14: Rust: a GOAWAY of "invalid frame", whose length is without the 8 bytes before the text',
      '00000d 30 00000000 00000003 00000001 696e76616c6964206672616d65',
      goAway(3, 1, 'inval'),
    ),
    vector(
      'session case 14: Rust: a GOAWAY whose left-over text looks like a WNDINC of a wrong length',
      '000009 30 00000000 00000003 00000000 61 626364 20 65666768',
      goAway(3, 0, 'a'),
    ),
    vector(
      'session case 14: Rust: a GOAWAY whose left-over text looks like a GOAWAY',
      '000008 30 00000000 00000003 00000000 626364 30 65666768',
      goAway(3, 0),
    ),
    vector(
      'a GOAWAY with text past the cap',
      `000808 30 00000000 00000003 00000000 ${'61'.repeat(2048)}`,
      goAway(3, 0, 'a'.repeat(1024)),
    ),
    vector('session case 15: a frame of unknown type', '000002 75 00000000 6161', unknown(7, 2)),
    vector(
      'session case 15: a frame of unknown type with 70000 bytes, and one behind it',
      `011170 70 00000000 ${'61'.repeat(70_000)} 000000 11 00000003`,
      unknown(7, 70_000),
      end(3),
    ),
  ],
  bad: [
    vector('DATA of stream 0', '000000 10 80000000'),
    vector('a RST of stream 0', '000004 00 00000000'),
    vector('a WNDINC of stream 0', '000004 20 00000000'),
    vector('a GOAWAY of a stream', '000008 30 00000005'),
    vector('a GOAWAY of 7 bytes', '000007 30 00000000'),
    vector('a RST of 5 bytes', '000005 00 00000003'),
    vector('a WNDINC of nothing at all', '000000 20 00000003'),
    vector('a WNDINC of 16 MiB behind a good frame', '000000 11 00000003 ffffff 20 00000003', end(3)),
    vector(
      'a second piece of text behind a GOAWAY',
      '000008 30 00000000 00000003 00000000 626364 20 65666768 626364 20 65666768',
      goAway(3, 0),
    ),
  ],
  openings: [
    opening('Go: Write("hello")', '00000512 00000003 68656c6c6f'),
    opening('Go: CloseWrite before any Write', '00000013 00000003'),
    opening('Go: the heartbeat of a session with types', '00000412 00000003 ffffffff'),
    opening('Go: the third stream writes first', '00000112 00000007 61'),
    opening('Go: Write of 256 KiB', '04000012 00000003 00000000'),
    opening('the probe of rxmux', '00000010 7ffffffd'),
  ],
  longest: { header: hex('ffffff 10 00000003'), length: 0xff_ffff },
};
