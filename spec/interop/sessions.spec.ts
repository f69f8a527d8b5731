import { describe, expect, test } from '@jest/globals';
import http from 'node:http';
import { concatMap, firstValueFrom, map, skip, Subject, tap } from 'rxjs';
import { consume } from '../../src/flow/consume.js';
import { dial } from '../../src/net/dial.js';
import { toHttp } from '../../src/serve/to-http.js';
import type { SessionOptions } from '../../src/session/options.js';
import { session, type Session } from '../../src/session/session.js';
import type { Role } from '../../src/session/stream-table.js';
import type { Codec } from '../../src/wire/codec.js';
import { muxado, smux, yamux } from '../../src/wire/index.js';
import {
  buildMuxPeer,
  describeMuxado2,
  describeMuxPeer,
  useMuxPeer,
  type MuxPeer,
  type MuxPeerBuild,
  type MuxPeerOptions,
  type MuxProtocol,
} from './mux-peer.js';
import { digest, echo, pattern, readAll, send, serveTraffic, sha256, trafficHeader } from './mux-traffic.js';

const MB = 1_000_000;
const BIG = 100 * MB;
const BIG_SHA = sha256(pattern(BIG));
const MANY = 1000;
const IDLE_MS = 30_000;

const ROLES = ['client', 'server'] as const;

interface Tested {
  readonly proto: MuxProtocol;
  /** What is special of it. */
  readonly name?: string;
  readonly codec: Codec;
  /** More for the Go side. */
  readonly peer?: Partial<MuxPeerOptions>;
}

/** Both ends of a session, whichever dials. */
type Pair = readonly [Session, MuxPeer];

function suite(build: MuxPeerBuild, tested: readonly Tested[]): void {
  const { lab, start } = useMuxPeer(build);

  /** A session with the Go program, which does as it is told; as the server of it we are the ones who listen. */
  async function meet(
    { proto, codec, peer }: Tested,
    role: Role,
    told: Partial<MuxPeerOptions>,
    more: Partial<SessionOptions> = {},
  ): Promise<Pair> {
    const options = { ...more, codec, role };
    if (role === 'client') {
      const go = start({ proto, role: 'server', stay: true, ...peer, ...told });
      const conn = await firstValueFrom(dial({ host: '127.0.0.1', port: await go.port() }));
      return [owned(session(conn, options)), go];
    }
    const sessions$ = new Subject<Session>();
    const port = await lab.port((conns$) => [
      conns$.pipe(map((conn) => owned(session(conn, options)))).subscribe(sessions$),
    ]);
    const first = firstValueFrom(sessions$);
    const go = start({ proto, role: 'client', stay: true, dial: port, ...peer, ...told });
    return [await first, go];
  }

  function owned(made: Session): Session {
    lab.onDown(() => made.error('the test is over'));
    return made;
  }

  describe.each(tested)('$proto $name', (each) => {
    const { traits } = each.codec;

    describe.each(ROLES)('rxmux as the %s', (role) => {
      test('100 MB come back as they went', async () => {
        const [s] = await meet(each, role, {});
        expect(await echo(s, BIG)).toEqual({ bytes: BIG, sha256: BIG_SHA });
      });

      test('100 MB that the Go side sends go back as they came', async () => {
        const [s, go] = await meet(each, role, { scenario: 'echo', bytes: BIG });
        serveTraffic(s);
        expect(await go.first('done')).toMatchObject({ bytes: BIG });
      });

      test(`${MANY} streams at once, opened here`, async () => {
        const [s] = await meet(each, role, {});
        const backs = await Promise.all(Array.from({ length: MANY }, () => echo(s, 64)));
        expect(backs).toEqual(backs.map(() => ({ bytes: 64, sha256: sha256(pattern(64)) })));
        expect(s.streams).toHaveLength(0);
      });

      test(`${MANY} streams at once, opened by the Go side`, async () => {
        const [s, go] = await meet(each, role, { scenario: 'many', streams: MANY });
        serveTraffic(s);
        expect(await go.first('done')).toMatchObject({ streams: MANY });
      });

      // Others refuse what is past a limit, and the Go side would open it again.
      if (traits.reset === 'none')
        test('200 streams at once, opened by the Go side, are served 16 at a time: none is refused by an end', async () => {
          const [s, go] = await meet(
            each,
            role,
            { scenario: 'open', streams: 200, concurrency: 200 },
            { maxStreams: 16 },
          );
          serveTraffic(s);
          expect(await go.first('done')).toMatchObject({ streams: 200 });
        });

      test('a reply that comes after our half-close', async () => {
        const [s] = await meet(each, role, {});
        const stream = s.open();
        stream.next(trafficHeader('hash'));
        const [reply] = await Promise.all([readAll(stream), send(stream, pattern(MB))]);
        expect(reply.toString()).toBe(sha256(pattern(MB)));
      });

      // Close is all that Go's smux has: it ends both halves.
      if (traits.reset !== 'none')
        test('a reply of ours after the half-close of the Go side', async () => {
          const [s, go] = await meet(each, role, { scenario: 'halfclose', bytes: MB });
          serveTraffic(s);
          expect(await go.first('done')).toMatchObject({ bytes: MB });
        });

      test('a reset of ours ends that stream at the Go side, with its code, and no other', async () => {
        const [s, go] = await meet(each, role, { scenario: 'reset', code: 7 });
        serveTraffic(s);
        const { error } = await go.first('reset');
        await go.first('done');
        const wanted = { code: /error (code: )?7$/, plain: /^connection reset$/, none: /^EOF$/ };
        expect(error).toMatch(wanted[traits.reset]);
      });

      test('what the Go side abandons ends here, and the next stream lives', async () => {
        const [s, go] = await meet(each, role, { scenario: 'abandon' });
        serveTraffic(s);
        await go.first('done');
      });

      if (traits.goAway !== 'none')
        test('a GoAway of the Go side leaves its streams alone, and a new one fails as retryable', async () => {
          const [s] = await meet(each, role, {});
          const stream = s.open();
          stream.next(trafficHeader('goAway'));
          const incoming = stream[Symbol.asyncIterator]();
          stream.next(Buffer.from('before'));
          expect(String((await incoming.next()).value)).toBe('before');
          const late = await digest(s.open()).catch((error: unknown) => error);
          expect(late).toMatchObject({ code: 'ERR_MUX_GOAWAY', retryable: true, initiator: 'remote' });
          stream.next(Buffer.from('after'));
          expect(String((await incoming.next()).value)).toBe('after');
        });

      if (traits.goAway === 'early')
        test('session cases 5 and 13: our GoAway leaves the streams of the Go side alone, and the session ends with the last', async () => {
          const [s, go] = await meet(each, role, { scenario: 'remote-goaway', bytes: MB });
          serveTraffic(s);
          expect(await go.first('done')).toMatchObject({ bytes: 2 * MB });
          await go.first('session-ended');
          expect(await firstValueFrom(s.closed$)).toMatchObject({ initiator: 'local' });
        });

      test('a Go side that is killed ends every stream with an error, and none as complete', async () => {
        const [s, go] = await meet(each, role, { scenario: 'hold', streams: 10 });
        const ends: string[] = [];
        const held = new Promise<void>((resolve) => {
          s.accept$.subscribe({
            next: (stream) => {
              stream
                .pipe(
                  // A header of nine bytes, and 64 to be echoed.
                  concatMap((bytes) => bytes),
                  skip(9),
                  tap((byte) => {
                    stream.next(Uint8Array.of(byte));
                  }),
                )
                .subscribe({
                  complete: () => ends.push('complete'),
                  error: (error: { code: string }) => ends.push(error.code),
                });
            },
            complete: () => {
              ends.push('accept$ complete');
              resolve();
            },
          });
        });
        await go.first('done');
        await go.kill();
        await held;
        expect(ends.sort()).toEqual([...Array.from({ length: 10 }, () => 'ERR_MUX_TRANSPORT'), 'accept$ complete']);
        expect((await firstValueFrom(s.closed$)).error?.code).toBe('ERR_MUX_TRANSPORT');
        expect(s.streams).toHaveLength(0);
      });

      test('a stream that is read slowly here holds back no other', async () => {
        const [s] = await meet(each, role, {}, { receiveBudgetBytes: 64 * MB });
        const slow = s.open();
        slow.next(trafficHeader('echo'));
        const sent = send(slow, pattern(8 * MB));
        const gate = new Subject<void>();
        let got = 0;
        const over = new Promise<void>((resolve, reject) => {
          slow
            .pipe(
              consume(async (chunk) => {
                got += chunk.length;
                await firstValueFrom(gate, { defaultValue: undefined });
              }),
            )
            .subscribe({ complete: resolve, error: reject });
        });
        const fast = await Promise.all(Array.from({ length: 9 }, () => echo(s, MB)));
        expect(fast).toEqual(fast.map(() => ({ bytes: MB, sha256: sha256(pattern(MB)) })));
        expect(got).toBeLessThan(8 * MB);
        gate.complete();
        await Promise.all([sent, over]);
        expect(got).toBe(8 * MB);
      });

      test('a stream that the Go side reads slowly holds back no other', async () => {
        const [s, go] = await meet(each, role, { scenario: 'slow', bytes: MB, streams: 5, pace: 2 * MB });
        serveTraffic(s);
        const fast = await go.first('fast');
        const slow = await go.first('done');
        expect(fast.streams).toBe(5);
        expect(slow.bytes).toBe(MB);
      });

      test('HTTP: our server answers requests of Go over streams', async () => {
        const [s, go] = await meet(each, role, { scenario: 'http', streams: 10, bytes: MB });
        const server = http.createServer((request, response) => {
          if (request.method === 'POST') request.pipe(response);
          else {
            const n = Number(new URL(request.url ?? '/', 'http://mux').searchParams.get('n'));
            const bytes = Buffer.concat([...pattern(n)]);
            response.setHeader('X-Sha256', sha256([bytes]));
            response.end(bytes);
          }
        });
        s.accept$.subscribe(toHttp(server));
        await go.first('done');
      });

      test('HTTP: http.Serve of Go answers requests of ours over streams', async () => {
        const [s] = await meet(each, role, { serve: 'http' });
        const stream = s.open();
        stream.next(Buffer.from('GET /bytes?n=100000 HTTP/1.0\r\n\r\n'));
        // Not to its end: Go's muxado 2 leaves a Read asleep past its deadline, and so net/http never closes.
        const [head, body] = splitHead(await readUntil(stream, (bytes) => splitHead(bytes)[1].length === 100_000));
        expect(head).toMatch(/^HTTP\/1\.0 200 OK/);
        expect(body).toHaveLength(100_000);
        expect(head).toContain(sha256([body]));
      });
    });
  });

  // All at once: it takes as long as one.
  test(
    `idle for ${IDLE_MS / 1000} s, then a stream echoes: heartbeats as the libraries have them`,
    async () => {
      const idle = async (each: Tested, role: Role): Promise<void> => {
        const [s, go] = await meet(each, role, { scenario: 'idle', forMs: IDLE_MS, bytes: MB });
        serveTraffic(s);
        expect(await go.first('done')).toMatchObject({ bytes: MB });
        if (each.codec.traits.heartbeat.by !== 'signal') expect(await firstValueFrom(s.rtt$)).toBeGreaterThanOrEqual(0);
      };
      await Promise.all(tested.flatMap((each) => ROLES.map((role) => idle(each, role))));
    },
    2 * IDLE_MS,
  );
}

/** Reads until there is enough. */
async function readUntil(stream: AsyncIterable<Uint8Array>, isEnough: (bytes: Buffer) => boolean): Promise<Buffer> {
  let bytes = Buffer.alloc(0);
  for await (const chunk of stream) {
    bytes = Buffer.concat([bytes, chunk]);
    if (isEnough(bytes)) break;
  }
  return bytes;
}

function splitHead(reply: Buffer): readonly [string, Buffer] {
  const at = reply.indexOf('\r\n\r\n');
  return [reply.toString('latin1', 0, at), reply.subarray(at + 4)];
}

describeMuxPeer('session case 68: the Go libraries of Debian, and rxmux in both roles', (go) => {
  suite(
    (lab) => buildMuxPeer(lab, go),
    [
      { proto: 'muxado1', codec: muxado({ version: 1 }) },
      { proto: 'yamux', codec: yamux() },
      { proto: 'yamux', name: 'with an early GoAway', codec: yamux({ earlyGoAway: true }) },
      { proto: 'smux1', codec: smux({ version: 1 }) },
      { proto: 'smux2', codec: smux({ version: 2 }) },
    ],
  );
});

describeMuxado2('session case 68: muxado 2 in Go, and rxmux in both roles', (go, gopath) => {
  suite(
    (lab) => buildMuxPeer(lab, go, gopath),
    [
      { proto: 'muxado2', codec: muxado() },
      { proto: 'muxado2', name: 'typed', codec: muxado({ typed: true }), peer: { type: 5 } },
    ],
  );
});
