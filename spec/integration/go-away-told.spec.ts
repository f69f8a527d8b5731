import { describe, expect, test } from '@jest/globals';
import { firstValueFrom } from 'rxjs';
import { session, type Session } from '../../src/session/session.js';
import { CONNS } from '../conformance/joined-conns.js';
import { CODECS, turn } from '../session/session-ends.js';

const RUNS = 20;
const BLOCK = new Uint8Array(65_536);

/** What makes the server end the session, with a GoAway that says why. */
const FAULTS: readonly (readonly [name: string, code: string, commit: (client: Session, server: Session) => void])[] = [
  [
    'a protocol error',
    'ERR_MUX_FRAME',
    (_client, server) => {
      server._life.core.violation('ERR_MUX_FRAME', 'a frame broke the rules');
    },
  ],
  [
    'asking too much',
    'ERR_MUX_CALM',
    (client) => {
      for (let n = 0; n < 20; n++) client.open({ eager: true }).error(new Error('changed its mind'));
    },
  ],
];

/** Uploads without a pause, until that fails. */
async function upload(client: Session): Promise<void> {
  const writer = client.open().writable.getWriter();
  writer.closed.catch(() => undefined);
  try {
    for (;;) await writer.write(BLOCK);
  } catch {
    // The session is over.
  }
}

const overSockets = CONNS.filter(([name]) => ['TCP', 'TLS', 'a WebSocket'].includes(name));
// smux has no GoAway.
const codecs = CODECS.filter(([name, { traits }]) => traits.goAway !== 'none' && name !== 'muxado 2 with types');

describe.each(overSockets)('a GoAway with its reason, over %s', (_name, join) => {
  test.each(
    codecs.flatMap(([name, codec]) => FAULTS.map(([what, code, commit]) => ({ name, codec, what, code, commit }))),
  )(
    `$name: is what closed$ of the other end shows of $what in the middle of an upload, in ${RUNS} of ${RUNS} runs`,
    async ({ codec, code, commit }) => {
      const seen = new Map<string, number>();
      for (let run = 0; run < RUNS; run++) {
        const { near, far, down } = await join();
        const client = session(near, { codec, role: 'client', keepAlive: false });
        const server = session(far, {
          codec,
          role: 'server',
          keepAlive: false,
          resetRate: { burst: 10, perSecond: 1 },
        });
        // Half of the servers read what is uploaded.
        server.accept$.subscribe((stream) => run % 2 === 0 && stream.subscribe({ error: () => undefined }));
        const ends = Promise.all([firstValueFrom(client.closed$), firstValueFrom(server.closed$)]);
        const uploaded = upload(client);
        for (let n = 0; n < run % 10; n++) await turn();
        commit(client, server);
        const [atClient, atServer] = await ends;
        await uploaded;
        const what = `${atServer.error?.code ?? ''} is ${atClient.error?.code ?? ''} with ${atClient.remoteCode === undefined ? 'no' : 'a'} code`;
        seen.set(what, (seen.get(what) ?? 0) + 1);
        down();
      }
      expect([...seen]).toEqual([[`${code} is ERR_MUX_GOAWAY with a code`, RUNS]]);
    },
  );
});
