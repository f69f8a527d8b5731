import { connect } from 'node:net';
import { setTimeout as elapsed } from 'node:timers/promises';
import { firstValueFrom } from 'rxjs';
import { acceptSessions, fromDuplex, listen, muxado, session, smux, yamux } from '../../dist/index.js';
import { Actor } from './actor.mjs';

const CODECS = [
  muxado({ version: 1 }),
  muxado(),
  muxado({ typed: true }),
  yamux(),
  smux({ version: 1 }),
  smux({ version: 2 }),
];
const SESSIONS_EACH = 2;

/** Sessions of every protocol with rxmux at both ends. Gives what runs them until `world.stop`. */
export async function sessions(world, random) {
  const begin = (mux, lane, kill) => {
    world.began(mux, lane);
    return new Actor({ session: mux, lane, kill, random: random.fork(), world }).run();
  };

  /** A port for a protocol, whose sessions act like those that connect to it. */
  const serve = async (codec) => {
    const conns$ = listen({ port: 0, host: '127.0.0.1' });
    conns$.pipe(acceptSessions({ codec, ...world.limits })).subscribe((accepted) => {
      const { conn } = accepted;
      const cut = () => conn.error(new Error('cut on purpose'));
      void begin(accepted, world.laneAt(conn.localPort, conn.remotePort, codec), { kill: cut, cut });
    });
    return (await firstValueFrom(conns$.address$)).port;
  };

  /** One session after the other. */
  const dialAgain = async (codec, port) => {
    while (!world.stop.aborted) {
      const socket = connect({ port, host: '127.0.0.1', noDelay: true, allowHalfOpen: true });
      await new Promise((resolve) => socket.once('connect', resolve));
      const lane = world.laneAt(port, socket.localPort, codec);
      const conn = fromDuplex(socket);
      const mux = session(conn, { codec, role: 'client', ...world.limits });
      await begin(mux, lane, {
        kill: () => socket.destroy(),
        cut: () => conn.error(new Error('cut on purpose')),
      });
      await elapsed(10);
    }
  };

  const ports = await Promise.all(CODECS.map(serve));
  return () => CODECS.flatMap((codec, i) => Array.from({ length: SESSIONS_EACH }, () => dialAgain(codec, ports[i])));
}
