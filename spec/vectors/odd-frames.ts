import type { Codec } from '../../src/wire/codec.js';
import { encodeFrame } from '../../src/wire/encode-frame.js';
import type { Frame } from '../../src/wire/frame.js';
import { muxado, smux, yamux } from '../../src/wire/index.js';
import { read, tableRows } from '../docs/pages.js';

/** A row of docs/wire/odd-frames.md. */
export interface OddFrame {
  readonly name: string;
  readonly bytes: Uint8Array;
  /** What the library does that the protocol comes from, without where. */
  readonly original: string;
  /** What rxmux does. */
  readonly here: string;
}

/** The streams of the client that are there before the frame comes, and the one that it opens behind it. */
export interface OddStreams {
  readonly open: number;
  readonly over: number;
  readonly ended: number;
  readonly next: number;
}

/** The protocols of the page: the sections of each, and its codec. */
export const ODD_FRAMES: readonly (readonly [name: string, codec: Codec, rows: readonly OddFrame[]])[] = [
  ['muxado1', muxado({ version: 1 }), rowsOf('muxado 1')],
  ['muxado2', muxado(), rowsOf('muxado 2')],
  ['yamux', yamux(), rowsOf('yamux')],
  ['smux1', smux(), [...rowsOf('smux 1 and 2', '01'), ...rowsOf('smux 1 only')]],
  ['smux2', smux({ version: 2 }), [...rowsOf('smux 1 and 2', '02'), ...rowsOf('smux 2 only')]],
];

export function streamsOf({ traits }: Codec): OddStreams {
  const first = traits.firstId.client;
  return { open: first, over: first + 2, ended: first + 4, next: 0xff_0001 };
}

export const bytesOf = (codec: Codec, ...frames: readonly Frame[]): Uint8Array =>
  Buffer.concat(frames.map((frame) => encodeFrame(codec, frame)));

function rowsOf(section: string, version = ''): readonly OddFrame[] {
  const page = read('docs/wire/odd-frames.md');
  const [, text = ''] = page.split(new RegExp(`^#+ ${section}$`, 'm'));
  const rows = tableRows(text.split(/^#/m)[0] ?? '').slice(1);
  if (rows.length === 0) throw new Error(`no section ${section} in the page`);
  return rows.map(([name = '', bytes = '', original = '', here = '']) => ({
    name,
    bytes: parse(bytes.replaceAll('vv', version)),
    original: original.replace(/^(.*? ends|ends|goes on|takes it|misreads)[:,] .*/, '$1'),
    here,
  }));
}

// `hex`, maybe with so many bytes of data behind it, maybe several times.
function parse(cell: string): Uint8Array {
  const [, hex, length = '0', times = '1'] = /^`([\da-f ]+)`(?: \+ (\d+) bytes)?(?:, (\d+) times)?$/.exec(cell) ?? [];
  if (hex === undefined) throw new Error(`not the bytes of a frame: ${cell}`);
  const frame = Buffer.concat([Buffer.from(hex.replaceAll(' ', ''), 'hex'), Buffer.alloc(Number(length), 'x')]);
  return Buffer.concat(Array.from({ length: Number(times) }, () => frame));
}
