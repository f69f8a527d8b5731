import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { setTimeout as elapsed } from 'node:timers/promises';
import { connect } from 'node:net';
import { firstValueFrom } from 'rxjs';
import { fromDuplex, listen, muxado, session, smux, yamux } from '../../dist/index.js';
import { buildMuxPeer, hasMultiplexers } from '../lib/go.mjs';
import { GoStream } from './go-stream.mjs';
import { answer } from './traffic.mjs';

const PEERS = [
  // After its own GoAway, Go's session.go refuses a stream without noting its id. Data that was on its way to that stream then has
  // an "invalid, unassigned stream id", which ends the session.
  { proto: 'muxado1', codec: muxado({ version: 1 }), diesOfRefused: true },
  { proto: 'yamux', codec: yamux() },
  { proto: 'smux1', codec: smux({ version: 1 }) },
  { proto: 'smux2', codec: smux({ version: 2 }) },
];
const ROLES = ['client', 'server'];
const STREAMS_AT_A_TIME = 3;
const GO_STREAMS_AT_A_TIME = 3;
const MOST_PAUSE_MS = 200;
const MOST_BYTES = 500_000;
const LIFE_MS = [300, 20_000];
const EXIT_MS = 5000;
const SESSION_ACTS = { goAway: 30, peerGoAway: 15, close: 15, error: 10, kill: 20, cut: 10 };

/** Sessions with processes of Go at the other end, in both roles. Gives what runs them until `world.stop`. */
export async function goPeers(world, random) {
  if (!hasMultiplexers) return () => [];
  const binary = await buildMuxPeer();
  const again = async (peer, role) => {
    while (!world.stop.aborted) await new GoLane({ ...peer, binary, role, random: random.fork(), world }).run();
  };
  return () => PEERS.flatMap((peer) => ROLES.map((role) => again(peer, role)));
}

/** One process of Go and the session with it. */
class GoLane {
  protocol;
  canReset;
  saysGoAway;
  /** What was done to the session on purpose. */
  disturbance;
  isGoneAway = false;
  isOver = false;
  /** What happened to the session, for reports. */
  history = [];
  #options;
  #random;
  #world;
  #process;
  #session;
  #conn;

  constructor({ random, world, ...options }) {
    const { codec, proto, role } = options;
    this.protocol = `Go ${proto} as ${role === 'client' ? 'server' : 'client'}`;
    this.canReset = codec.traits.reset !== 'none';
    this.saysGoAway = codec.traits.goAway !== 'none';
    this.#options = options;
    this.#random = random;
    this.#world = world;
  }

  /** Acts until the session and the process are over. */
  async run() {
    const { codec, role } = this.#options;
    const socket = role === 'client' ? await this.#dial() : await this.#accept();
    this.#conn = fromDuplex(socket);
    this.#session = session(this.#conn, { codec, role, ...this.#world.limits });
    this.#world.began(this.#session, this);
    this.#session.accept$.subscribe((stream) => {
      this.#world.count('accepted from Go');
      void answer(stream);
    });
    for (let i = 0; i < STREAMS_AT_A_TIME; i++) void this.#openAgain();
    const over = new AbortController();
    void this.#actLater(AbortSignal.any([over.signal, this.#world.stop]), over.signal);
    const { error } = await firstValueFrom(this.#session.closed$);
    over.abort();
    this.isOver = true;
    this.#world.ended(this.#session, this, error);
    await this.#ended();
  }

  /** Starts the process; gives what it tells, line by line. */
  #start(...place) {
    const { binary, proto, role } = this.#options;
    const flags = {
      proto,
      role: role === 'client' ? 'server' : 'client',
      scenario: 'soak',
      stay: true,
      // Longer than any session lives: on a busy machine an answer may take longer than Go's libraries wait.
      heartbeat: '1m',
      concurrency: GO_STREAMS_AT_A_TIME,
      bytes: MOST_BYTES,
      seed: this.#random.whole(1, 0x7fff_ffff),
    };
    const args = Object.entries(flags).map(([name, value]) => `-${name}=${value}`);
    this.#process = spawn(binary, [...args, ...place], { stdio: ['pipe', 'pipe', 'ignore'] });
    this.#process.stdin.on('error', () => {});
    const lines = createInterface({ input: this.#process.stdout });
    return new Promise((resolve) => {
      lines.on('line', (line) => {
        const told = JSON.parse(line);
        if (told.event === 'listening') resolve(told.port);
        else this.#judge(told);
      });
    });
  }

  async #dial() {
    const port = await this.#start('-listen=127.0.0.1:0');
    const socket = connect({ port, host: '127.0.0.1', noDelay: true, allowHalfOpen: true });
    await once(socket, 'connect');
    return socket;
  }

  async #accept() {
    const conns$ = listen({ port: 0, host: '127.0.0.1' });
    const accepted = firstValueFrom(conns$);
    const { port } = await firstValueFrom(conns$.address$);
    void this.#start(`-dial=127.0.0.1:${port}`);
    return (await accepted).duplex();
  }

  /** What Go tells of a failure is one if nobody did anything to the session. */
  #judge({ event, kind, error, bytes = 0 }) {
    if (event !== 'failed' && event !== 'error') return;
    const isExpected = this.disturbance !== undefined || (this.isGoneAway && (bytes === 0 || !this.saysGoAway));
    this.#world.count(`Go: ${error}`);
    if (error.includes('other bytes') || !isExpected)
      this.#world.fault(`${this.protocol}: a stream of Go, ${kind}, ${event} after ${bytes} bytes: ${error}`);
  }

  async #ended() {
    const exited =
      this.#process.exitCode !== null || this.#process.signalCode !== null ? [] : once(this.#process, 'exit');
    const late = setTimeout(() => {
      this.#world.count('Go: killed after its session');
      this.#process.kill('SIGKILL');
    }, EXIT_MS);
    await exited;
    clearTimeout(late);
    this.history.push('Go has exited');
  }

  async #openAgain() {
    for (;;) {
      await elapsed(this.#random.whole(0, MOST_PAUSE_MS));
      if (this.isOver || this.#world.stop.aborted) return;
      await new GoStream({ session: this.#session, lane: this, random: this.#random, world: this.#world }).run();
    }
  }

  async #actLater(until, over) {
    await elapsed(this.#random.logarithmic(...LIFE_MS), undefined, { signal: until }).catch(() => {});
    if (!over.aborted) this.#act(this.#world.stop.aborted ? 'goAway' : this.#random.weighted(SESSION_ACTS));
  }

  #act(act) {
    this.#world.count(`Go sessions: ${act}`);
    this.history.push(act);
    const isOrderly = act === 'goAway' || (act === 'peerGoAway' && this.saysGoAway && !this.#options.diesOfRefused);
    if (isOrderly) this.isGoneAway = true;
    else this.disturbance = act;
    switch (act) {
      case 'goAway':
        this.#session.goAway();
        break;
      case 'peerGoAway':
        GoStream.askToGoAway(this.#session);
        break;
      case 'close':
        this.#session.close({ timeoutMs: this.#random.whole(0, 500) });
        break;
      case 'error':
        this.#session.error(new Error('ended on purpose'));
        break;
      case 'kill':
        this.#process.kill('SIGKILL');
        break;
      case 'cut':
        this.#conn.error(new Error('cut on purpose'));
        break;
    }
  }
}
