import { afterAll, afterEach, beforeAll, describe, it } from '@jest/globals';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describePeer } from './peer.js';
import { Lab, type Outcome, type Program } from './run.js';

/** What a build of the Go program speaks: the first four, or `muxado2` with all but `muxado1`; always `raw`. */
export type MuxProtocol = 'muxado1' | 'yamux' | 'smux1' | 'smux2' | 'muxado2' | 'raw';

/** What the Go program does with streams of its own; `go/muxpeer/scenarios.go` says what each is about. */
export type MuxScenario =
  | 'serve'
  | 'echo'
  | 'many'
  | 'hold'
  | 'halfclose'
  | 'reset'
  | 'abandon'
  | 'goaway'
  | 'remote-goaway'
  | 'slow'
  | 'idle'
  | 'type'
  | 'http'
  | 'bulk'
  | 'open'
  | 'pingpong'
  | 'soak'
  | 'plain'
  | 'web';

/** The flags of the Go program, whose defaults are in its `main.go`. */
export interface MuxPeerOptions {
  readonly proto: MuxProtocol;
  /** Its role in the session. */
  readonly role: 'client' | 'server';
  /** The port of loopback that it connects to. Without one it listens, and `port()` tells where. */
  readonly dial?: number;
  /** `serve`, which opens no stream, if left out. */
  readonly scenario?: MuxScenario;
  /** What it takes our streams for; `traffic` if left out. */
  readonly serve?: 'traffic' | 'http';
  /** It keeps the session after its scenario, until we end that; otherwise it cuts it off at once. */
  readonly stay?: boolean;
  readonly heartbeatMs?: number;
  /** Receive window of a stream, in bytes; `muxado1` has no choice. */
  readonly window?: number;
  /** Type of its streams, for the two muxados. With one, a `muxado2` session is typed and has heartbeats. */
  readonly type?: number;
  /** Bytes that each stream sends; `bulk`: all together. */
  readonly bytes?: number;
  /** Streams; `http` and `pingpong`: rounds. */
  readonly streams?: number;
  /** `open`: streams at a time. */
  readonly concurrency?: number;
  /** `bulk`: bytes of a write. */
  readonly chunk?: number;
  /** `slow`: bytes a second. */
  readonly pace?: number;
  /** `reset`: the code that it asks us for. */
  readonly code?: number;
  /** `idle`: how long it is silent. */
  readonly forMs?: number;
}

/** A line of its output. */
export interface MuxEvent {
  readonly event:
    | 'listening'
    | 'done'
    | 'error'
    | 'session-ended'
    | 'stream-error'
    | 'reset'
    | 'open-failed'
    | 'failed'
    | 'fast'
    | 'heartbeat'
    | 'log';
  readonly port?: number;
  /** Of a `stream-error`: the kind of traffic. */
  readonly kind?: string;
  /** What the library calls it. */
  readonly error?: string;
  /** Of a `reset`: what the library says to who writes then; not there if it says nothing. */
  readonly writeError?: string;
  readonly text?: string;
  readonly streams?: number;
  readonly bytes?: number;
  readonly sha256?: string;
  readonly seconds?: number;
  readonly p50Micros?: number;
  readonly p99Micros?: number;
}

/** The kinds of traffic: a stream begins with nine bytes of its opener, one of these and n as u64 big endian. */
export const TrafficKind = {
  /** What follows goes back, at most n bytes a second unless n is 0; ends after the opener did. */
  echo: 'E',
  /** Reads n bytes, then answers with one byte 1. */
  sink: 'S',
  /** Reads to the opener's end, then answers with the SHA-256 as 64 hex digits, and ends. */
  hash: 'H',
  /** Reads one byte, then resets the stream with code n, as far as the library can. */
  reset: 'R',
  /** Says GoAway for the session, then echoes. */
  goAway: 'Q',
  /** Answers with the stream's type as u32 big endian, and ends. */
  type: 'T',
} as const;

const SOURCES = fileURLToPath(new URL('./go/muxpeer', import.meta.url));
const DEBIAN_GOPATH = '/usr/share/gocode';
const BUILD_MS = 150_000;

/** A Go program at the other end of a session. */
export class MuxPeer {
  readonly #program: Program;

  constructor(program: Program) {
    this.#program = program;
  }

  /** How it ended: with code 0 once its scenario was done or the session over. */
  get ended(): Promise<Outcome> {
    return this.#program.ended;
  }

  /** What happened so far. */
  get events(): MuxEvent[] {
    const lines = this.#program.stdout.split('\n').slice(0, -1);
    return lines.map((line) => JSON.parse(line) as MuxEvent);
  }

  /** The first event of that name; rejects if the program ends without it. */
  async first(name: MuxEvent['event']): Promise<MuxEvent> {
    const [line] = await this.#program.says(new RegExp(`^\\{"event":"${name}".*\\}$`, 'm'));
    return JSON.parse(line) as MuxEvent;
  }

  /** Where it listens. */
  async port(): Promise<number> {
    return (await this.first('listening')).port ?? 0;
  }

  /** Kills it, as a machine that loses power would. */
  async kill(): Promise<void> {
    await this.#program.stop('SIGKILL');
  }
}

type StartMuxPeer = (lab: Lab, options: MuxPeerOptions) => MuxPeer;

/** A build of the Go program in a lab. */
export type MuxPeerBuild = (lab: Lab) => Promise<StartMuxPeer>;

/** Builds the Go program before the tests of a suite. What runs in `lab` ends with its test. */
export function useMuxPeer(build: MuxPeerBuild): { lab: Lab; start: (options: MuxPeerOptions) => MuxPeer } {
  const home = new Lab();
  const lab = new Lab();
  let start: StartMuxPeer;
  beforeAll(async () => {
    start = await build(home);
  }, 180_000);
  afterEach(() => lab.down());
  afterAll(() => home.down());
  return { lab, start: (options) => start(lab, options) };
}

/** Compiles the Go program, with muxado v2 from that GOPATH if one is given; what it gives starts a peer in a lab. */
export async function buildMuxPeer(lab: Lab, go: string, muxado2?: string): Promise<StartMuxPeer> {
  const path = join(lab.directory(), 'muxpeer');
  const [tags, gopath] =
    muxado2 === undefined ? [[], DEBIAN_GOPATH] : [['-tags', 'muxado2'], `${muxado2}:${DEBIAN_GOPATH}`];
  const env = { GO111MODULE: 'off', GOPATH: gopath };
  const built = await lab.run(go, ['build', ...tags, '-o', path, '.'], { env, cwd: SOURCES, timeoutMs: BUILD_MS });
  if (built.code !== 0) throw new Error(`go build failed:\n${built.stderr}`);
  return (user, options) => new MuxPeer(user.start(path, flags(options), {}, 'SIGKILL'));
}

function flags({ dial, heartbeatMs, forMs, ...same }: MuxPeerOptions): string[] {
  const given = {
    ...same,
    ...(dial === undefined ? { listen: '127.0.0.1:0' } : { dial: `127.0.0.1:${dial}` }),
    ...(heartbeatMs === undefined ? {} : { heartbeat: `${heartbeatMs}ms` }),
    ...(forMs === undefined ? {} : { for: `${forMs}ms` }),
  };
  return Object.entries(given).map(([name, value]) => `-${name}=${String(value)}`);
}

/** A `describe` that needs the three multiplexers of Debian's Go packages; `body` gets the path of `go`. */
export function describeMuxPeer(title: string, body: (go: string) => void): void {
  const packages = [
    'github.com/inconshreveable/muxado',
    'github.com/hashicorp/yamux',
    'github.com/xtaci/smux',
  ] as const;
  describePeer(['go', ...packages], title, ({ go }) => body(go));
}

/**
 * A `describe` that needs muxado v2 in Go, which nobody packages: visibly skipped unless `RXMUX_MUXADO2_GOPATH` names a
 * GOPATH that holds it as `github.com/inconshreveable/muxado`. `body` gets the path of `go` and that GOPATH.
 */
export function describeMuxado2(title: string, body: (go: string, gopath: string) => void): void {
  const gopath = process.env.RXMUX_MUXADO2_GOPATH;
  if (gopath === undefined) {
    // Neither Debian nor npm packages muxado 2 in Go, so its source has to be in a GOPATH that this variable names.
    describe(title, () => it.skip('needs RXMUX_MUXADO2_GOPATH, the GOPATH of muxado v2', () => undefined));
    return;
  }
  describePeer(['go', 'github.com/hashicorp/yamux', 'github.com/xtaci/smux'], title, ({ go }) => body(go, gopath));
}
