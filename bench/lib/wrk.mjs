import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { LOAD_CORE } from './child.mjs';
import { pinned } from './machine.mjs';

const CONNECTIONS = 32;

/** Puts wrk's load on a server of this machine; fails when a request does. `seconds` is a whole number. */
export async function wrk({ url, seconds, headers = [] }) {
  const command = ['wrk', '-t1', `-c${CONNECTIONS}`, `-d${seconds}s`, ...headers.flatMap((header) => ['-H', header])];
  const [file, ...args] = pinned(LOAD_CORE, [...command, url]);
  const { stdout } = await promisify(execFile)(file, args);
  const failed = /Socket errors.*|Non-2xx.*/.exec(stdout);
  if (failed !== null) throw new Error(`wrk: ${failed[0]}`);
  return {
    requests: Number(/(\d+) requests in/.exec(stdout)[1]),
    rate: Number(/Requests\/sec:\s+([\d.]+)/.exec(stdout)[1]),
  };
}
