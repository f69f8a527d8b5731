import '../../lib/lived-in.mjs';
import { createServer } from 'node:http';
import { grpc, http1, listen, sniff, terminateTls, tls, toHttp } from '../../../dist/index.js';
import { answering } from '../../lib/answering.mjs';
import { certificate } from '../../lib/certificate.mjs';
import { hello } from './hello.mjs';

const conns$ = listen({ port: 0, host: '127.0.0.1' });
conns$
  .pipe(sniff(tls(), http1()), terminateTls(certificate), sniff(grpc(), http1()))
  .subscribe(toHttp(createServer(hello)));
conns$.address$.subscribe((address) => answering(address));
