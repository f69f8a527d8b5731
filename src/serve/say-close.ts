import type { ServerResponse } from 'node:http';

type HeaderValue = string | number | readonly string[] | undefined;

// An application may have set the opposite of both.
const PERSISTENCE = new Set(['connection', 'keep-alive']);

const changed = new WeakSet<ServerResponse>();

/**
 * Makes a response say `Connection: close` if `isLast` holds when its head is written, whatever headers its application sets until
 * then. Does nothing when the head is written already.
 */
export function sayClose(response: ServerResponse, isLast: (response: ServerResponse) => boolean): void {
  if (response.headersSent || changed.has(response)) return;
  changed.add(response);
  const writeHead = response.writeHead.bind(response) as (...args: readonly unknown[]) => ServerResponse;
  const writeLastHead = (status: number, ...rest: readonly unknown[]): ServerResponse => {
    if (!isLast(response)) return writeHead(status, ...rest);
    const set = closing(response.getHeader('connection'));
    if (response.hasHeader('keep-alive')) response.removeHeader('keep-alive');
    const headers = rest.find((argument) => typeof argument === 'object' && argument !== null);
    if (headers === undefined) {
      response.setHeader('Connection', set);
      return writeHead(status, ...rest);
    }
    const pairs = pairsOf(headers);
    const own = pairs.find(([name]) => name.toLowerCase() === 'connection')?.[1];
    const kept = pairs.filter(([name]) => !PERSISTENCE.has(name.toLowerCase()));
    const last = [...kept, ['Connection', own === undefined ? set : closing(own)] as const];
    const lastHeaders = Array.isArray(headers) ? last.flat() : Object.fromEntries(last);
    return writeHead(status, ...rest.map((argument) => (argument === headers ? lastHeaders : argument)));
  };
  Object.assign(response, { writeHead: writeLastHead });
}

/** The value of a Connection field with `close` in it, and without its opposite. */
function closing(value: HeaderValue): string {
  const options = String(value ?? '')
    .split(',')
    .map((option) => option.trim())
    .filter((option) => option !== '' && !/^(close|keep-alive)$/i.test(option));
  return ['close', ...options].join(', ');
}

/** Headers in any of the forms that `writeHead` takes: an object, a list of names and values in turn, a list of pairs. */
function pairsOf(headers: object): (readonly [string, HeaderValue])[] {
  if (!Array.isArray(headers)) return Object.entries(headers as Record<string, HeaderValue>);
  if (Array.isArray(headers[0])) return headers as [string, HeaderValue][];
  const pairs: [string, HeaderValue][] = [];
  for (let i = 0; i + 1 < headers.length; i += 2) pairs.push([String(headers[i]), headers[i + 1] as HeaderValue]);
  return pairs;
}
