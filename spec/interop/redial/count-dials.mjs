// Loaded before a program: says when the program dials `localhost`.
import { subscribe } from 'node:diagnostics_channel';
import { writeSync } from 'node:fs';

subscribe('net.client.socket', ({ socket }) => {
  socket.once('lookup', (_error, _address, _family, host) => {
    if (host === 'localhost') writeSync(2, `dials at ${Math.round(performance.now())}\n`);
  });
});
