import '../../lib/lived-in.mjs';
import grpc from '@grpc/grpc-js';
import { answering } from '../../lib/answering.mjs';
import { echoServer } from './echo-service.mjs';

echoServer().bindAsync('127.0.0.1:0', grpc.ServerCredentials.createInsecure(), (error, port) => {
  if (error) throw error;
  answering({ port });
});
