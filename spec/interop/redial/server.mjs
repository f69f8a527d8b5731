// The other side of a recipe: says `works` once for each session through which a stream came or was answered.
import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { take } from 'rxjs';
import { listenSessions, muxado, smux, toHttp, yamux } from 'rxmux';

const [codecText, proof, port, scheme] = process.argv.slice(2);
const codec = {
  'muxado()': () => muxado(),
  'muxado({ version: 1 })': () => muxado({ version: 1 }),
  'yamux()': () => yamux(),
  'smux()': () => smux(),
  'smux({ version: 2 })': () => smux({ version: 2 }),
}[codecText]();
const sessions = new Set();
const say = (line) => process.stdout.write(`${line}\n`);
const web = toHttp(createServer((request, response) => response.end('hello')));

/** Resolves with the first bytes of a stream; or its end, or its error, as nothing. */
const firstBytes = (stream) =>
  new Promise((resolve) => {
    const reading = stream.subscribe({
      next: (chunk) => {
        resolve(chunk);
        queueMicrotask(() => reading.unsubscribe());
      },
      complete: resolve,
      error: () => resolve(undefined),
    });
  });

async function asks(session) {
  const stream = session.open();
  stream.next(Buffer.from('GET / HTTP/1.1\r\nHost: recipe\r\n\r\n'));
  if ((await firstBytes(stream)) !== undefined) say('works');
  stream.complete();
}

function registers(session) {
  session.accept$.subscribe(async (stream) => {
    if ((await firstBytes(stream)) === undefined) return;
    stream.next(Buffer.from('recipe.localhost'));
    stream.complete();
    say('works');
  });
}

function isAsked(session) {
  session.accept$.pipe(take(1)).subscribe((stream) => {
    web.next(stream);
    say('works');
  });
}

const listener = listenSessions(`${scheme}://127.0.0.1:${port}`, {
  codec,
  ...(scheme === 'tls' ? { tls: { cert: readFileSync('cert.pem'), key: readFileSync('key.pem') } } : {}),
});
const listening = listener.subscribe((session) => {
  sessions.add(session);
  session.closed$.subscribe(() => sessions.delete(session));
  if (proof === 'registers') registers(session);
  else if (proof === 'asks') asks(session);
  else isAsked(session);
});
listener.address$.subscribe(() => say('listening'));

// An orderly end: GoAway first, then what is left is closed, and the process ends by itself.
process.once('SIGTERM', () => {
  listening.unsubscribe();
  for (const session of sessions) {
    session.goAway();
    session.close();
  }
});
