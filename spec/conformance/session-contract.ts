import { describe, expect, test } from '@jest/globals';
import { firstValueFrom, from } from 'rxjs';
import { flowTo } from '../../src/flow/flow-to.js';
import { paced } from '../../src/flow/paced.js';
import { session } from '../../src/session/session.js';
import { memoryPipe } from '../../src/testing/memory-pipe.js';
import type { Codec } from '../../src/wire/codec.js';
import { encodeFrame } from '../../src/wire/encode-frame.js';
import type { Frame } from '../../src/wire/frame.js';
import { log, rawPeer } from '../session/raw-peer.js';
import {
  arrivals,
  Clock,
  ends,
  type Ends,
  hello,
  joined,
  opened,
  pattern,
  readAll,
  sha256,
  turn,
  why,
} from '../session/session-ends.js';

const MB = 1_000_000;

/** What holds for a session of every protocol, with a session at both ends. */
export function sessionContract(name: string, codec: Codec): void {
  const { traits } = codec;
  const saysGoAway = traits.goAway !== 'none';
  /** What the reader of a stream sees that the peer refused: nothing, where the wire has no way to. */
  const refused = traits.reset === 'none' ? [] : ['ERR_MUX_REFUSED'];

  describe(`a session of ${name}`, () => {
    test('gives each side the streams that the other opens', async () => {
      const { client, server } = ends(codec);
      const [atClient, atServer] = [arrivals(client), arrivals(server)];
      const ours = [client.open(), client.open()];
      const theirs = server.open();
      for (const stream of [...ours, theirs]) stream.next(hello);
      await turn();
      const first = traits.firstId;
      expect(ours.map(({ streamId }) => streamId)).toEqual([first.client, first.client + 2]);
      expect(atServer.map(({ streamId }) => streamId)).toEqual([first.client, first.client + 2]);
      expect(atClient.map(({ streamId }) => streamId)).toEqual([first.server]);
      expect([...atServer, ...atClient].map((stream) => log(stream))).toEqual([['hello'], ['hello'], ['hello']]);
    });

    test('echoes a megabyte intact, in pieces that cut every frame', async () => {
      const { client, server } = ends(codec, {}, { chunkBytes: 997, capacityBytes: 50_000 });
      server.accept$.subscribe((stream) => stream.pipe(flowTo(stream)).subscribe());
      const stream = client.open();
      const sent = pattern(MB);
      const chunks = Array.from({ length: 20 }, (_, n) => sent.subarray(n * 50_000, (n + 1) * 50_000));
      const echo = readAll(stream);
      from(chunks).pipe(paced(stream)).subscribe(stream);
      expect(sha256(await echo)).toBe(sha256(sent));
      await turn();
      expect([client.streams, server.streams]).toEqual([[], []]);
    });

    test('answers after the other side has ended', async () => {
      const pair = ends(codec);
      const [near, far] = await joined(pair, hello);
      near.complete();
      expect(Buffer.from(await readAll(far)).toString()).toBe('hello');
      const reply = log(near);
      far.next(Buffer.from('reply'));
      far.complete();
      await turn();
      expect(reply).toEqual(['reply', 'complete']);
      expect(await Promise.all([why(near), why(far)])).toEqual([undefined, undefined]);
    });

    test('tells of a reset as well as the wire can', async () => {
      const pair = ends(codec);
      const [near, far] = await joined(pair, hello);
      near.reset(3);
      await turn();
      expect(await why(near)).toBe('ERR_MUX_RESET');
      expect(pair.client.streams).toEqual([]);
      if (traits.reset === 'none') {
        // FIN stands in: the other direction is the peer's to end.
        expect(log(far)).toEqual(['hello', 'complete']);
        expect(pair.server.streams).toEqual([far]);
        far.next(hello);
        far.complete();
        await turn();
        expect(await why(far)).toBeUndefined();
      } else {
        expect(log(far)).toEqual(['hello', 'ERR_MUX_RESET']);
        const { error } = await firstValueFrom(far.closed$);
        const wireCode = traits.reset === 'code' ? 3 : 0;
        expect(error).toMatchObject({ wireCode, initiator: 'remote', retryable: false, streamId: far.streamId });
      }
      expect(pair.server.streams).toEqual([]);
    });

    test('drains after goAway, then ends on both sides, and no timer is left', async () => {
      const pair = ends(codec, { keepAlive: {} });
      const { client, server, clock } = pair;
      const [near, far] = await joined(pair, hello);
      const drained = log(client.drained$);
      client.goAway();
      client.complete();
      await turn();
      expect([drained, client.streams]).toEqual([[], [near]]);
      near.complete();
      far.pipe(flowTo(far)).subscribe();
      expect(Buffer.from(await readAll(near)).toString()).toBe('hello');
      const said = saysGoAway ? { remoteCode: 0, remoteDebug: '' } : {};
      expect(await firstValueFrom(client.closed$)).toEqual({ initiator: 'local', ...said });
      expect(await firstValueFrom(server.closed$)).toEqual({ initiator: 'remote', ...said });
      expect(drained).toEqual(['stream', 'complete']);
      const hot = [client.accept$, server.accept$, client.rtt$.pipe(), client, server, server.drained$];
      expect(hot.map((each) => log(each).slice(-1))).toEqual(hot.map(() => ['complete']));
      expect(await Promise.all(pair.conns.map(why))).toEqual([undefined, undefined]);
      await turn();
      expect(clock.timers).toBe(0);
    });

    test('session case 35: open during our GoAway, or after it at the other side, fails and may be tried again', async () => {
      const pair = ends(codec);
      const { client, server } = pair;
      await joined(pair, hello);
      client.goAway();
      await turn();
      const late = client.open();
      expect(log(late)).toEqual(['ERR_MUX_GOAWAY']);
      const { error } = await firstValueFrom(late.closed$);
      expect(error).toMatchObject({ retryable: true, initiator: 'local', scope: 'session' });
      const theirs = opened(server);
      await turn();
      // Who says GoAway last, or never, refuses until then.
      expect(log(theirs)).toEqual(traits.goAway === 'early' ? ['ERR_MUX_GOAWAY'] : refused);
      if (traits.reset !== 'none') {
        const told = await firstValueFrom(theirs.closed$);
        expect(told.error).toMatchObject({ retryable: true, initiator: 'remote' });
      }
    });

    test('session case 35: of the streams that a GoAway finds, those above its last id may be tried again', async () => {
      const peer = rawPeer({ codec, role: 'client' });
      const streams = [opened(peer.session), opened(peer.session), opened(peer.session)];
      await turn();
      const seen = streams.map((stream) => log(stream));
      const last = traits.firstId.client + 2;
      for (const { streamId: id } of streams.slice(0, 2)) peer.send({ kind: 'accept', id, credit: 0 });
      peer.send({ kind: 'goAway', lastId: last, code: 0, debug: new Uint8Array(0) });
      const namesLast = traits.reset === 'code';
      expect(seen).toEqual([[], [], namesLast ? ['ERR_MUX_GOAWAY'] : []]);
      const after = log(peer.session.open());
      expect(after).toEqual(saysGoAway ? ['ERR_MUX_GOAWAY'] : []);
      peer.end();
      // Those that the peer may have handled are lost with the connection, and may not be tried again; one that yamux never
      // confirmed may.
      const ended = await Promise.all(streams.map(({ closed$ }) => firstValueFrom(closed$)));
      const lost = { code: saysGoAway ? 'ERR_MUX_GOAWAY' : 'ERR_MUX_TRANSPORT', retryable: false };
      const gone = { code: 'ERR_MUX_GOAWAY', retryable: true, initiator: 'remote', wireCode: 0 };
      expect(ended.map(({ error }) => error)).toMatchObject([lost, lost, namesLast || traits.confirms ? gone : lost]);
    });

    test('session case 35: what the peer never heard of, since the session was over, may be tried again', async () => {
      const { client, conns } = ends(codec, { maxOpenStreams: 1 });
      void opened(client);
      const waiting = client.open();
      conns[1].error(new Error('cable'));
      await turn();
      const { error } = await firstValueFrom(waiting.closed$);
      expect(error).toMatchObject({ code: 'ERR_MUX_TRANSPORT', retryable: true });
      const late = await firstValueFrom(client.open().closed$);
      expect(late.error).toMatchObject({ code: 'ERR_MUX_TRANSPORT', retryable: true });
    });

    test('session case 36: close sends 10 MB that wait, once, however often it is called', async () => {
      const pair = ends(codec, { sendBufferBytes: 16 * MB }, { capacityBytes: 10_000 });
      const { client, server, clock } = pair;
      const stream = client.open();
      const received = firstValueFrom(server.accept$).then(readAll);
      const sent = pattern(10 * MB);
      for (let at = 0; at < sent.length; at += MB) stream.next(sent.subarray(at, at + MB));
      stream.complete();
      await turn();
      client.close();
      client.close({ timeoutMs: 1 });
      expect(sha256(await received)).toBe(sha256(sent));
      const closed = log(client.closed$);
      client.close();
      expect(await why(client)).toBeUndefined();
      expect(closed).toEqual(['stream', 'complete']);
      expect(await why(stream)).toBe('ERR_MUX_CLOSED');
      await turn();
      expect([client.streams, server.streams, clock.timers]).toEqual([[], [], 0]);
    });

    test('what was opened and written in the very tick of goAway arrives all the same', async () => {
      const { client, server } = ends(codec);
      const streams = arrivals(server);
      const stream = opened(client);
      stream.complete();
      client.goAway();
      await turn();
      expect(streams.map((each) => log(each))).toEqual([['hello', 'complete']]);
    });

    test('a stream that nothing was written to goes on after goAway, as others do', async () => {
      const { client, server } = ends(codec);
      const streams = arrivals(server);
      const stream = client.open();
      await turn();
      client.goAway();
      await turn();
      stream.next(hello);
      stream.complete();
      await turn();
      expect(streams.map((each) => log(each))).toEqual([['hello', 'complete']]);
    });

    test('session case 36: close gives up on a peer that takes nothing', async () => {
      const pair = ends(codec, { sendBufferBytes: 16 * MB }, { latencyMs: 3_600_000 });
      const { client, clock } = pair;
      const stream = client.open();
      stream.next(new Uint8Array(10 * MB));
      const seen = log(stream);
      await turn();
      client.close({ timeoutMs: 700 });
      const closed = log(client.closed$);
      await clock.pass(699);
      expect([closed, seen]).toEqual([[], []]);
      await clock.pass(1);
      expect(await why(client)).toBe('ERR_MUX_TIMEOUT');
      client.close();
      expect([closed, seen]).toEqual([['stream', 'complete'], ['ERR_MUX_TIMEOUT']]);
      expect(await why(pair.conns[0])).toBe('ERR_MUX_TIMEOUT');
      expect(client.streams).toEqual([]);
    });

    test('ends at once by error, and tells the other side so as well as the wire can', async () => {
      const pair = ends(codec, { keepAlive: {} });
      const [near, far] = await joined(pair, hello);
      const seen = [near, far, pair.client.accept$, pair.server.accept$].map((each) => log(each));
      pair.client.error(new Error('enough'));
      await turn();
      const told = saysGoAway ? 'ERR_MUX_GOAWAY' : 'ERR_MUX_TRANSPORT';
      expect(seen).toEqual([['ERR_MUX_ABORT'], ['hello', told], ['complete'], ['complete']]);
      const codes = saysGoAway ? { remoteCode: codec.codeOf('internal') } : {};
      expect(await firstValueFrom(pair.server.closed$)).toMatchObject({ initiator: 'remote', ...codes });
      expect([pair.client.streams, pair.server.streams, pair.clock.timers]).toEqual([[], [], 0]);
    });

    test('a FIN without GoAway, though no stream is open, is the loss of the connection where the wire has a GoAway', async () => {
      const [idle, busy] = [rawPeer({ codec, role: 'server' }), rawPeer({ codec, role: 'client' })];
      const stream = opened(busy.session);
      await busy.settled();
      for (const peer of [idle, busy]) peer.end();
      const lost = { code: 'ERR_MUX_TRANSPORT', scope: 'session', initiator: 'remote' };
      const { error } = await firstValueFrom(idle.session.closed$);
      if (saysGoAway) expect(error).toMatchObject(lost);
      else expect(error).toBeUndefined();
      expect((await firstValueFrom(busy.session.closed$)).error).toMatchObject(lost);
      expect(await why(stream)).toBe('ERR_MUX_TRANSPORT');
    });

    const reasons = saysGoAway ? [0, 1, 2] : [];
    const goAways = reasons.flatMap((code) => (['FIN', 'RST'] as const).map((end) => [code, end] as const));
    if (goAways.length > 0)
      test.each(goAways)(
        'the GoAway of a peer, code %i, is the reason, though a stream was open and the connection ends by %s',
        async (code, end) => {
          const pair = memoryPipe();
          const server = session(pair[1], { codec, role: 'server', keepAlive: false, scheduler: new Clock() });
          const id = traits.firstId.client;
          const frames: readonly Frame[] = [
            { kind: 'open', id },
            { kind: 'data', id, bytes: hello },
            { kind: 'goAway', lastId: 0, code, debug: new Uint8Array(0) },
          ];
          for (const frame of frames) pair[0]._write(encodeFrame(codec, frame));
          await turn();
          if (end === 'FIN') pair[0].complete();
          else pair[0]._destroy(undefined, true);
          const { error, remoteCode } = await firstValueFrom(server.closed$);
          const cause = end === 'FIN' ? undefined : { code: 'ERR_MUX_RESET' };
          expect(error).toMatchObject({ code: 'ERR_MUX_GOAWAY', wireCode: code, initiator: 'remote' });
          if (cause !== undefined) expect(error?.cause).toMatchObject(cause);
          expect(remoteCode).toBe(code);
        },
      );

    // rxjs ends the process over an error without a handler: a server that only has `next` has to survive the end of a session.
    test.each<readonly [string, string, (pair: Ends) => unknown]>([
      ['the connection is cut', 'ERR_MUX_TRANSPORT', ({ conns }) => conns[1]._destroy(undefined, true)],
      ['the peer aborts it', saysGoAway ? 'ERR_MUX_GOAWAY' : 'undefined', ({ client }) => client.error('x')],
      ['this end aborts it', 'ERR_MUX_ABORT', ({ server }) => server.error('x')],
      ['the peer closes it', 'undefined', ({ client }) => client.close()],
    ])('accept$ and taps complete when %s, and closed$ says why', async (_how, code, end) => {
      const pair = ends(codec);
      const { server } = pair;
      const told: string[] = [];
      server.closed$.subscribe(({ error }) => told.push(`closed$ ${error?.code}`));
      server.accept$.subscribe({ complete: () => told.push('accept$') });
      server.subscribe({ complete: () => told.push('tap') });
      end(pair);
      await turn();
      expect(told).toEqual(['tap', 'accept$', `closed$ ${code}`]);
      expect([server.accept$, server].map((each) => log(each))).toEqual([['complete'], ['complete']]);
    });

    test('leaves no timer when it ends in a chunk that ends within a frame', async () => {
      const clock = new Clock();
      const peer = rawPeer({ codec, role: 'server', scheduler: clock });
      const frame = encodeFrame(codec, { kind: 'open', id: traits.firstId.client });
      peer.session.subscribe({
        next: () => {
          peer.session.error(new Error('enough'));
        },
      });
      const half = Buffer.from(frame.subarray(0, 4));
      peer.sendHex(Buffer.concat([frame, half]).toString('hex'));
      peer.end();
      await clock.pass(60_000);
      expect([await why(peer.session), clock.timers]).toEqual(['ERR_MUX_ABORT', 0]);
    });

    test('measures round trips where the wire has an answer', async () => {
      const { client, clock } = ends(codec, { keepAlive: { intervalMs: 1000 } }, { latencyMs: 50 });
      const rtts = log(client.rtt$);
      const pings = [log(client.ping()), log(client.ping())];
      if (traits.heartbeat.by === 'signal') {
        await clock.pass(3000);
        expect([pings, rtts]).toEqual([[['ERR_MUX_USAGE'], ['ERR_MUX_USAGE']], []]);
        return;
      }
      await clock.pass(99);
      expect([pings, rtts]).toEqual([[[], []], []]);
      await clock.pass(1);
      expect([pings.map(({ length }) => length), rtts.length]).toEqual([[2, 2], 3]);
      await clock.pass(2000);
      expect(await firstValueFrom(client.rtt$)).toBe(100);
      expect(rtts).toHaveLength(6);
      const figures = firstValueFrom(client.stats$);
      const lost = log(client.ping());
      await clock.pass(0);
      expect((await figures).rttMs).toBe(100);
      client.error(new Error('enough'));
      expect([lost, rtts.slice(-1), log(client.ping())]).toEqual([['ERR_MUX_ABORT'], ['complete'], ['ERR_MUX_ABORT']]);
    });
  });
}
