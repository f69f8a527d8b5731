import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import type { ServerResponse } from 'node:http';
import { Socket, type Server } from 'node:net';
import type { Duplex } from 'node:stream';
import { TLSSocket } from 'node:tls';
import { httpConnections } from '../net/announce-listening.js';
import { carrierOf } from '../net/tls-carrier.js';
import { sayClose } from './say-close.js';

const REQUEST_START = 'http.server.request.start';
const RESPONSE_FINISH = 'http.server.response.finish';

/** The message that Node publishes on these channels. */
interface Exchange {
  readonly response: ServerResponse;
  readonly server: unknown;
  readonly socket: HttpSocket;
}

/** A socket, or a Duplex in its place, with the response that is written to it now. */
interface HttpSocket extends Duplex {
  readonly _httpMessage?: ServerResponse | null;
}

// Responses to pipelined requests that wait for those before them, in order. Node has them in a closure.
const waiting = new WeakMap<HttpSocket, Set<ServerResponse>>();
let isNoting = false;

/** From the first call on, this module knows the responses that wait behind others. */
export function notePipelines(): void {
  if (isNoting) return;
  isNoting = true;
  subscribe(REQUEST_START, (message) => {
    const { socket, response } = message as Exchange;
    if (socket._httpMessage == null) return;
    const responses = waiting.get(socket) ?? new Set();
    waiting.set(socket, responses.add(response));
    response.once('socket', () => responses.delete(response));
  });
}

/**
 * Ends HTTP/1 connections as soon as they are in no request. A response whose head is still to be written says `Connection: close`, and
 * Node ends its connection. A response whose head said otherwise, and one with pipelined ones behind it, is sent to its end first. The
 * returned function stops all that.
 */
export function drainHttp(server: Server, streams: ReadonlySet<Duplex>): () => void {
  const isDrained = (socket: unknown): socket is HttpSocket =>
    streams.has(socket as Duplex) || (socket instanceof TLSSocket && streams.has(carrierOf(socket) as Duplex));
  const endIdle = (): void => {
    for (const { socket } of httpConnections(server).idle()) {
      if (isDrained(socket) && socket._httpMessage == null) endSoon(socket);
    }
  };
  // Once a turn, however many responses end in it.
  let ending: NodeJS.Immediate | undefined;
  const onStart = (message: unknown): void => {
    const exchange = message as Exchange;
    if (exchange.server === server && isDrained(exchange.socket)) sayClose(exchange.response, isLast);
  };
  const onFinish = (message: unknown): void => {
    if ((message as Exchange).server !== server) return;
    ending ??= setImmediate(() => {
      ending = undefined;
      endIdle();
    });
  };
  for (const { socket } of httpConnections(server).all()) {
    if (!isDrained(socket)) continue;
    if (socket._httpMessage != null) sayClose(socket._httpMessage, isLast);
    for (const response of waiting.get(socket) ?? []) sayClose(response, isLast);
  }
  subscribe(REQUEST_START, onStart);
  subscribe(RESPONSE_FINISH, onFinish);
  endIdle();
  return () => {
    unsubscribe(REQUEST_START, onStart);
    unsubscribe(RESPONSE_FINISH, onFinish);
    clearImmediate(ending);
  };
}

// Node ends a connection after a response that says `close`: responses that wait behind it would never be sent.
function isLast(response: ServerResponse): boolean {
  const socket: HttpSocket = response.req.socket;
  const latest = [...(waiting.get(socket) ?? [])].at(-1) ?? socket._httpMessage;
  return latest === response;
}

// Sends the unsent bytes and FIN, and does not wait for an answer.
function endSoon(stream: Duplex): void {
  if (stream instanceof Socket) stream.destroySoon();
  else stream.end(() => stream.destroy());
}
