export { yamux } from './yamux.js';
