import { setTimeout as elapsed } from 'node:timers/promises';
import grpc from '@grpc/grpc-js';
import { answering } from '../../lib/answering.mjs';
import { echoService } from '../servers/echo-service.mjs';

const OUTSTANDING = 16;
const MESSAGE = Buffer.from('hello');

const [port] = process.argv.slice(2);
const Echo = grpc.makeGenericClientConstructor(echoService);
const client = new Echo(`127.0.0.1:${port}`, grpc.credentials.createInsecure());
const call = () =>
  new Promise((resolve, reject) => client.once(MESSAGE, (error) => (error === null ? resolve() : reject(error))));

/** Keeps so many calls under way for a while, on one connection. */
async function load(seconds) {
  let calls = 0;
  let over = false;
  const start = performance.now();
  const one = async () => {
    for (; !over; calls++) await call();
  };
  const all = Promise.all(Array.from({ length: OUTSTANDING }, one));
  await elapsed(seconds * 1000);
  over = true;
  await all;
  return { calls, rate: (calls / (performance.now() - start)) * 1000 };
}

await call();
answering({}, { load });
