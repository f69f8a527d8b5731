export { muxado, type Muxado1Options, type Muxado2Options } from './muxado.js';
export { smux } from './smux.js';
export { yamux, type YamuxOptions } from './yamux.js';
