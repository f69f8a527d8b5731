import { createServer } from 'node:http';
import { grpc, http1, listen, sniff, sniffCounters, toHttp } from '../../../dist/index.js';
import { answering } from '../../lib/answering.mjs';
import { hello } from './hello.mjs';

const [timeoutMs] = process.argv.slice(2);
const counters = sniffCounters();
const conns$ = listen({ port: 0, host: '127.0.0.1' });
conns$.pipe(sniff(grpc(), http1(), { timeoutMs: Number(timeoutMs), counters })).subscribe(toHttp(createServer(hello)));

/** After a collection; the second one frees what the first one's finalizers let go. */
function memory() {
  globalThis.gc();
  globalThis.gc();
  const { heapUsed, rss } = process.memoryUsage();
  return { heapUsed, rss };
}

conns$.address$.subscribe((address) => answering(address, { memory, counters: () => counters }));
