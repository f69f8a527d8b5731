import { NO_LAST_ID } from '../../../src/wire/frame.js';
import { hex } from '../binary.js';
import {
  accept,
  credit,
  data,
  end,
  goAway,
  open,
  opening,
  ping,
  pong,
  reset,
  vector,
  type WireVectors,
} from './vector.js';

/**
 * "Go" is hashicorp/yamux as Debian 12 ships it, built with Go 1.19 and recorded on loopback TCP; the call is what made it write
 * these bytes. The others are made after its spec.md, const.go, and the sources of the library they name.
 */
export const yamuxVectors: WireVectors = {
  both: [
    vector('Go: OpenStream', '0001 0001 00000001 00000000', open(1)),
    vector('Go: OpenStream with a window of 16 MiB', '0001 0001 00000001 00fc0000', open(1, { credit: 0xfc_0000 })),
    vector('Go: AcceptStream', '0001 0002 00000001 00000000', accept(1)),
    vector('Go: AcceptStream with a window of 16 MiB', '0001 0002 00000001 00fc0000', accept(1, 0xfc_0000)),
    vector('Go: Write("hello")', '0000 0000 00000001 00000005 68656c6c6f', data(1, 'hello')),
    vector('Go: 150000 bytes were read', '0001 0000 00000003 000249f0', credit(3, 150_000)),
    vector('a window update of the most', '0001 0000 00000003 ffffffff', credit(3, 0xffff_ffff)),
    vector('Go: Close', '0001 0004 00000001 00000000', end(1)),
    vector('a reset', '0001 0008 00000001 00000000', reset(1)),
    vector('Go: Ping', '0002 0001 00000000 00000000', ping(0)),
    vector('Go: the answer to a Ping', '0002 0002 00000000 00000000', pong(0)),
    vector('a ping of the highest number', '0002 0001 00000000 ffffffff', ping(0xffff_ffff)),
    vector('Go: GoAway', '0003 0000 00000000 00000000', goAway(NO_LAST_ID, 0)),
    vector('a GoAway of a protocol error', '0003 0000 00000000 00000001', goAway(NO_LAST_ID, 1)),
  ],
  read: [
    vector('rust-yamux: the first data opens', '0000 0001 00000001 00000005 68656c6c6f', open(1), data(1, 'hello')),
    vector('the first data accepts', '0000 0002 00000001 00000005 68656c6c6f', accept(1), data(1, 'hello')),
    vector('rust-yamux: FIN on data', '0000 0004 00000001 00000000', end(1)),
    vector('data without bytes', '0000 0000 00000001 00000000', data(1, '')),
    vector('session case 19: Data|FIN with bytes', '0000 0004 00000001 00000005 68656c6c6f', data(1, 'hello'), end(1)),
    vector('session case 19: WindowUpdate|FIN with credit', '0001 0004 00000001 00000005', credit(1, 5), end(1)),
    vector('all of a stream in one frame', '0000 0005 00000001 00000001 78', open(1), data(1, 'x'), end(1)),
    vector('a stream that ends as it opens', '0001 0005 00000001 00000005', open(1, { credit: 5 }), end(1)),
    vector('session case 20: go-yamux: a reset with a code', '0001 0008 00000001 00000007', reset(1, 7)),
    vector('session case 20: a SYN that is reset grants nothing', '0001 0009 00000001 00000007', open(1), reset(1, 7)),
    vector(
      'session case 20: an ACK that is reset grants nothing',
      '0001 000a 00000001 00000007',
      accept(1),
      reset(1, 7),
    ),
    vector('a reset on data', '0000 0008 00000001 00000001 78', data(1, 'x'), reset(1)),
    vector('session case 18: a ping with a stream id', '0002 0001 00000005 00000007', ping(7)),
    vector('session case 18: a pong that nobody asked for', '0002 0002 00000005 00000007', pong(7)),
    vector(
      'a ping that neither asks nor answers: hashicorp TestSession_PingOfDeath',
      '0002 0000 00000000 00000001',
      pong(1),
    ),
    vector('a ping with flags that nobody has defined', '0002 fff0 00000000 00000001', pong(1)),
    vector('unknown flags on a window update', '0001 0010 00000001 00000005', credit(1, 5)),
    vector('unknown flags on data', '0000 fff0 00000001 00000001 78', data(1, 'x')),
    vector('data of stream 0', '0000 0000 00000000 00000001 78', data(0, 'x')),
    vector('a window update of stream 0', '0001 0000 00000000 00000001', credit(0, 1)),
    vector('a GoAway of an unknown code', '0003 0000 00000000 000000ff', goAway(NO_LAST_ID, 255)),
  ],
  bad: [
    vector('version 1', '0100 0000 00000001 00000000'),
    vector('type 4', '0004 0000 00000000 00000000'),
    vector('data that opens stream 0', '0000 0001 00000000 00000001'),
    vector('a window update that opens stream 0', '0001 0001 00000000 00000000'),
    vector('version 255 behind a good frame', '0001 0004 00000001 00000000 ff01 0004 00000001 00000000', end(1)),
  ],
  openings: [
    opening('Go: OpenStream and Write("hello")', '00010001 00000001 00000000 00000000 00000001 00000005 68656c6c6f'),
    opening('Go: OpenStream with a window of 16 MiB', '00010001 00000001 00fc0000'),
    opening('a stream that ends as it opens', '00010005 00000001 00000000'),
    opening('go-yamux, rust-yamux, libp2p: a ping', '00020001 00000000 00000000'),
    opening('rust-yamux: the first data opens', '00000001 00000001 00000005 68656c6c6f'),
  ],
  longest: { header: hex('0000 0000 00000001 ffffffff'), length: 0xffff_ffff },
};
