export type { Codec, CodecMeta, Decoder, Encoder, FrameSink, Heartbeat, Reason, Traits } from './codec.js';
export { encodeFrame } from './encode-frame.js';
export type * from './frame.js';
export { muxado, type Muxado1Options, type Muxado2Options } from './muxado.js';
export { smux } from './smux.js';
export { yamux, type YamuxOptions } from './yamux.js';
