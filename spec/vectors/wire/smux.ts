import { hex } from '../binary.js';
import { data, end, open, opening, ping, unknown, vector, window, type WireVectors } from './vector.js';

const version = (number: 1 | 2, own: Pick<WireVectors, 'both' | 'read' | 'bad'>): WireVectors => {
  const v = `0${number}`;
  return {
    both: [
      vector('Go: OpenStream', `${v} 00 0000 03000000`, open(3)),
      vector('Go: OpenStream of the server', `${v} 00 0000 02000000`, open(2)),
      vector('Go: Write("hello")', `${v} 02 0500 03000000 68656c6c6f`, data(3, 'hello')),
      vector('Go: Close', `${v} 01 0000 03000000`, end(3)),
      vector('Go: a keepalive', `${v} 03 0000 00000000`, ping(0)),
      ...own.both,
    ],
    read: [
      vector('PSH without bytes', `${v} 02 0000 03000000`, data(3, '')),
      vector('the highest id', `${v} 00 0000 ffffffff`, open(0xffff_ffff)),
      vector('a keepalive of a stream', `${v} 03 0000 03000000`, ping(0)),
      ...own.read,
    ],
    bad: [
      vector('the other version', `0${3 - number} 00 0000 03000000`),
      vector('version 3', '03 00 0000 03000000'),
      vector('a SYN with a body', `${v} 00 0100 03000000`),
      vector('a FIN with a body', `${v} 01 0001 03000000`),
      vector('a keepalive with a body', `${v} 03 0800 00000000`),
      vector('command 5 behind a good frame', `${v} 01 0000 03000000 ${v} 05 0000 03000000`, end(3)),
      ...own.bad,
    ],
    openings: [
      opening('Go: OpenStream and Write("hello")', `${v}000000 03000000 ${v}020500 03000000 68656c6c6f`),
      opening('Go: a keepalive of an idle client', `${v}030000 00000000`),
    ],
    longest: { header: hex(`${v} 02 ffff 03000000`), length: 0xffff },
  };
};

/**
 * "Go" is xtaci/smux as Debian 12 ships it, built with Go 1.19 and recorded on loopback TCP; the call is what made it write these
 * bytes. The others are made after its frame.go.
 */
export const smux1Vectors = version(1, {
  both: [],
  read: [vector('UPD, which version 1 has not', '01 04 0800 03000000 05000000 00000100', unknown(4, 8))],
  bad: [vector('a UPD of 4 bytes', '01 04 0400 03000000')],
});

export const smux2Vectors = version(2, {
  both: [
    vector('Go: the first Read of 5 bytes', '02 04 0800 03000000 05000000 00000100', window(3, 5, 65_536)),
    vector('Go: Read of 32768 bytes', '02 04 0800 05000000 00800000 00000100', window(5, 32_768, 65_536)),
    vector('a count past 2^31', '02 04 0800 03000000 ffffffff ffffff7f', window(3, 0xffff_ffff, 0x7fff_ffff)),
  ],
  read: [],
  bad: [vector('a UPD of 4 bytes', '02 04 0400 03000000'), vector('a UPD of 9 bytes', '02 04 0900 03000000')],
});
