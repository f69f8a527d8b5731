import { hex } from '../binary.js';
import { credit, data, end, goAway, open, opening, reset, vector, type WireVectors } from './vector.js';

const HEARTBEAT = 0xffff_feff;
const MAX_PRIORITY = 0x7fff_ffff;

/**
 * "Go" is inconshreveable/muxado of 2014 as Debian 12 ships it, built with Go 1.19 and recorded on loopback TCP; the call is what
 * made it write these bytes. The others are made after its proto/frame.
 */
export const muxado1Vectors: WireVectors = {
  both: [
    vector(
      'Go: the SYN of the heartbeat, which every client begins with',
      '0008 06 01 00000003 7fffffff fffffeff',
      open(3, { type: HEARTBEAT, priority: MAX_PRIORITY }),
    ),
    vector(
      'Go: the SYN of the heartbeat, which every server begins with',
      '0008 06 01 00000002 7fffffff fffffeff',
      open(2, { type: HEARTBEAT, priority: MAX_PRIORITY }),
    ),
    vector('Go: a beat, and its echo', '0004 00 03 00000003 00000000', data(3, '\0\0\0\0')),
    vector('session case 1: Go: OpenStream(0, 0)', '0000 00 01 00000005', open(5)),
    vector('session case 1: Go: OpenStream(0, 42)', '0004 04 01 00000007 0000002a', open(7, { type: 42 })),
    vector('session case 1: Go: OpenStream(7, 0)', '0004 02 01 00000009 00000007', open(9, { priority: 7 })),
    vector(
      'session case 1: a SYN with priority and type',
      '0008 06 01 0000000b 00000007 0000002a',
      open(11, { type: 42, priority: 7 }),
    ),
    vector('Go: Write("hello")', '0005 00 03 00000005 68656c6c6f', data(5, 'hello')),
    vector('Go: Read of 5 bytes', '0004 00 04 00000005 00000005', credit(5, 5)),
    vector('a WNDINC of the most', '0004 00 04 00000005 7fffffff', credit(5, 0x7fff_ffff)),
    vector('Go: HalfClose of nothing, and Close once more', '0000 01 03 00000005', end(5)),
    vector('Go: data came after Close', '0004 00 02 00000007 00000004', reset(7, 4)),
    vector('a RST of RefusedStream', '0004 00 02 00000005 00000006', reset(5, 6)),
    vector('a GOAWAY that every reader agrees on', '0008 00 06 00000000 00000005 00000000', goAway(5, 0)),
    vector('a GOAWAY of the highest id', '0008 00 06 00000000 7fffffff 00000007', goAway(0x7fff_ffff, 7)),
  ],
  read: [
    vector('Go: HalfClose("world")', '0005 01 03 00000003 776f726c64', data(3, 'world'), end(3)),
    vector(
      'Go: OpenStream(7, 42, fin)',
      '0008 07 01 0000000b 00000007 0000002a',
      open(11, { type: 42, priority: 7 }),
      end(11),
    ),
    vector('DATA without bytes', '0000 00 03 00000005', data(5, '')),
    vector('a WNDINC of nothing', '0004 00 04 00000005 00000000', credit(5, 0)),
    vector('a RST of a code that there is none of', '0004 00 02 00000005 ffffffff', reset(5, 0xffff_ffff)),
    vector(
      'session case 2: reserved bits of length, type and id in a SYN',
      'c008 06 e1 80000003 ffffffff fffffeff',
      open(3, { type: HEARTBEAT, priority: MAX_PRIORITY }),
    ),
    vector(
      'session case 2: reserved bits and unknown flags in DATA',
      'c005 f8 e3 80000005 68656c6c6f',
      data(5, 'hello'),
    ),
    vector('session case 2: the reserved bit of a WNDINC', '0004 00 04 00000005 80000005', credit(5, 5)),
    vector(
      'session case 2: reserved bits of a GOAWAY',
      'c008 00 e6 ffffffff ffffffff 00000000',
      goAway(0x7fff_ffff, 0),
    ),
    vector('Go: Close of the session, 31 bytes said and 8 sent', '001f 00 06 00000000 00000003 00000000', goAway(3, 0)),
    vector('Go: GoAway(0, "bye"), 19 bytes said and 8 sent', '0013 00 06 00000000 00000006 00000000', goAway(6, 0)),
    vector(
      'a GOAWAY of Go without text, 16 bytes said and 8 sent',
      '0010 00 06 00000000 00000005 00000000',
      goAway(5, 0),
    ),
    vector(
      'session case 4: the GOAWAY of Go, and a WNDINC behind it',
      '001f 00 06 00000000 00000005 00000000 0004 00 04 00000005 00000005',
      goAway(5, 0),
      credit(5, 5),
    ),
    vector('a GOAWAY with 3 bytes of text', '000b 00 06 00000000 00000005 00000002 627965', goAway(5, 2, 'bye')),
    vector(
      'a GOAWAY with 7 bytes of text',
      '000f 00 06 00000000 00000005 00000002 676f6f64627965',
      goAway(5, 2, 'goodbye'),
    ),
    vector('a SYN of stream 0', '0000 00 01 00000000', open(0)),
    vector('DATA of stream 0', '0000 00 03 80000000', data(0, '')),
    vector('a RST of stream 0', '0004 00 02 00000000 00000001', reset(0, 1)),
    vector('a WNDINC of stream 0', '0004 00 04 00000000 00000001', credit(0, 1)),
  ],
  bad: [
    vector('session case 1: a SYN longer than its flags say', '0004 00 01 00000003'),
    vector('session case 1: a SYN shorter than its flags say', '0004 06 01 00000003'),
    vector('session case 1: a SYN of 16383 bytes', '3fff 06 01 00000003'),
    vector('a RST of 3 bytes', '0003 00 02 00000003'),
    vector('a WNDINC of 8 bytes', '0008 00 04 00000003'),
    vector('a GOAWAY of 7 bytes', '0007 00 06 00000000'),
    vector('a GOAWAY of no bytes: Go writes it for a text past 16367 bytes', '0000 00 06 00000000'),
    vector('a frame of type 0', '0000 00 00 00000003'),
    vector('a frame of type 5, which is told of and never written', '0004 00 05 00000003'),
    vector('a frame of type 31 behind a good one', '0000 00 01 00000003 0000 00 1f 00000003', open(3)),
  ],
  openings: [
    opening('Go: the SYN of the heartbeat, and OpenStream', '00080601 00000003 7fffffff fffffeff 00000001 00000005'),
    opening('a SYN without the heartbeat extension', '00000001 00000003'),
    opening('a SYN with a type', '00040401 00000003 0000002a'),
    opening('a SYN with a priority', '00040201 00000003 00000007'),
    opening('a SYN with all flags', '00080701 00000003 00000007 0000002a'),
  ],
  longest: { header: hex('3fff 00 03 00000005'), length: 0x3fff },
};
