import '../../lib/lived-in.mjs';
import grpc from '@grpc/grpc-js';
import { grpc as grpcMatcher, http1, listen, sniff, toGrpc } from '../../../dist/index.js';
import { answering } from '../../lib/answering.mjs';
import { echoServer } from './echo-service.mjs';

const conns$ = listen({ port: 0, host: '127.0.0.1' });
conns$.pipe(sniff(grpcMatcher(), http1())).subscribe(toGrpc(echoServer(), grpc.ServerCredentials.createInsecure()));
conns$.address$.subscribe((address) => answering(address));
