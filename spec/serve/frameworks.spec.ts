import { afterEach, describe, expect, test } from '@jest/globals';
import { Controller, Get, Logger, Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import express from 'express';
import fastify from 'fastify';
import { createHttpTerminator } from 'http-terminator';
import { once } from 'node:events';
import http, { createServer, type IncomingMessage, type Server } from 'node:http';
import type { Duplex } from 'node:stream';
import { promisify } from 'node:util';
import { toHttp } from '../../src/serve/to-http.js';
import { memoryPipe } from '../../src/testing/memory-pipe.js';
import { Stage } from './sink-harness.js';

const stage = new Stage();
afterEach(() => stage.down());

/** An application whose one handler answers with what the promise gives. */
interface Application {
  readonly server: Server;
  /** As its documentation says. */
  close(): Promise<unknown>;
}

type Framework = (answer: () => Promise<string>) => Promise<Application>;

const frameworks: Record<string, Framework> = {
  express: (answer) => {
    const app = express();
    app.get('/', (_request, response) => void answer().then((text) => response.send(text)));
    const server = createServer(app);
    return Promise.resolve({ server, close: () => promisify(server.close.bind(server))() });
  },

  fastify: async (answer) => {
    const app = fastify();
    app.get('/', answer);
    await app.ready();
    return { server: app.server, close: () => app.close() };
  },

  Nest: async (answer) => {
    class Answers {
      answer(): Promise<string> {
        return answer();
      }
    }
    // What their decorators do.
    Controller()(Answers);
    Get()(Answers.prototype, 'answer', Object.getOwnPropertyDescriptor(Answers.prototype, 'answer') ?? {});
    class Root {
      readonly name = 'root';
    }
    Module({ controllers: [Answers] })(Root);
    Logger.overrideLogger(false);
    const app = await NestFactory.create(Root);
    await app.init();
    return { server: app.getHttpServer() as Server, close: () => app.close() };
  },

  'http-terminator': (answer) => {
    const server = createServer((_request, response) => void answer().then((text) => response.end(text)));
    const terminator = createHttpTerminator({ server, gracefulTerminationTimeout: 10_000 });
    return Promise.resolve({ server, close: () => terminator.terminate() });
  },
};

describe.each(Object.keys(frameworks))('an application of %s', (name) => {
  test('answers what is under way when it is closed, refuses what comes, and holds up nothing', async () => {
    let answer: ((text: string) => void) | undefined;
    const application = frameworks[name]?.(() => new Promise((resolve) => (answer = resolve)));
    const opened = (await application) as Application;
    const { server } = opened;
    const sink = toHttp(server);
    const sockets: Duplex[] = [];
    const port = await stage.listen((conn, socket) => {
      sockets.push(socket);
      sink.next(conn);
    });
    const agent = new http.Agent({ keepAlive: true });
    stage.onDown(() => agent.destroy());
    const request = http.get({ port, host: '127.0.0.1', agent });
    while (answer === undefined) await new Promise(setImmediate);

    let isClosed = false;
    const closed = opened.close().then(() => (isClosed = true));
    for (let i = 0; i < 20; i++) await new Promise(setImmediate);
    expect(isClosed).toBe(false);
    const [near, far] = memoryPipe();
    sink.next(far);
    await expect(near.duplex().toArray()).rejects.toThrow();

    answer('x'.repeat(3_000_000));
    const [response] = (await once(request, 'response')) as [IncomingMessage];
    expect(Buffer.concat((await response.toArray()) as Buffer[])).toHaveLength(3_000_000);
    expect(response.headers.connection).toBe('close');
    await closed;
    expect(server.listening).toBe(false);
    while (!sockets.every((socket) => socket.closed)) await new Promise(setImmediate);
  });
});
