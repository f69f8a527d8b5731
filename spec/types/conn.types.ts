/** Checked by the compiler: Conn is closed, and what fromStreams takes. Nothing here runs. */
import { Duplex } from 'node:stream';
import { Conn, fromStreams } from '../../src/index.js';

declare abstract class WithoutConstructor extends Conn {}
// @ts-expect-error its constructor is that of Conn, which is not public
export type Made = InstanceType<typeof WithoutConstructor>;

export abstract class WithConstructor extends Conn {
  constructor() {
    // @ts-expect-error a key, and no number of bytes
    super(1024);
  }
}

declare const bytes: TransformStream<Uint8Array, Uint8Array>;
declare const texts: TransformStream<string, string>;
export const taken = [fromStreams(bytes), fromStreams(Duplex.toWeb(new Duplex()))];
// @ts-expect-error streams of texts
export const refused = fromStreams(texts);
