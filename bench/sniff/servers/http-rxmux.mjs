import '../../lib/lived-in.mjs';
import { createServer } from 'node:http';
import { grpc, http1, listen, sniff, toHttp } from '../../../dist/index.js';
import { answering } from '../../lib/answering.mjs';
import { hello } from './hello.mjs';

const conns$ = listen({ port: 0, host: '127.0.0.1' });
conns$.pipe(sniff(grpc(), http1())).subscribe(toHttp(createServer(hello)));
conns$.address$.subscribe((address) => answering(address));
