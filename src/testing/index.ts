export { memoryPipe, type MemoryPipeOptions } from './memory-pipe.js';
