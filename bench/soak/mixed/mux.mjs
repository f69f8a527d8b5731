import { finalize } from 'rxjs';
import { flowTo, fromDuplex, session } from '../../../dist/index.js';

/** Sends back all streams of a session that clients end as they like. */
export function serve(world, protocol, accepted) {
  world.count(`${protocol} sessions`);
  const lane = { protocol, disturbance: 'whatever the client does', history: [] };
  world.began(accepted, lane);
  accepted.accept$.subscribe((stream) => {
    world.count(`${protocol} streams`);
    stream
      .pipe(
        flowTo(stream),
        finalize(() => world.count(`${protocol} streams ended`)),
      )
      .subscribe();
  });
  accepted.closed$.subscribe(({ error }) => world.ended(accepted, lane, error));
}

export const clientOf = (codec) => (socket) => {
  const mux = session(fromDuplex(socket), { codec, role: 'client' });
  return {
    isParallel: true,
    // Where a FIN stands in for a reset, an end tells nothing.
    endsByFin: codec.traits.reset === 'none',
    open: (onResponse, onError) => {
      const stream = mux.open().duplex();
      stream.on('error', onError);
      onResponse(stream);
      return stream;
    },
    close: () => mux.close(),
  };
};
