import { afterEach, expect, it } from '@jest/globals';
import { once } from 'node:events';
import http, { type Agent, type IncomingMessage } from 'node:http';
import { firstValueFrom, repeat, retry, Subject, Subscription, switchMap, timer } from 'rxjs';
import { dialSession } from '../../src/net/dial-session.js';
import { listenSessions } from '../../src/net/listen-sessions.js';
import { httpAgent } from '../../src/serve/http-agent.js';
import { toHttp } from '../../src/serve/to-http.js';
import type { Session } from '../../src/session/session.js';
import { muxado } from '../../src/wire/index.js';

const codec = muxado();
const all: Subscription[] = [];
const sessions: Session[] = [];
afterEach(() => {
  for (const subscription of all.splice(0)) subscription.unsubscribe();
  for (const s of sessions.splice(0)) s.conn._destroy(undefined, false);
});

/** A gateway where a client registers under a name, by a request of its own; emits each that did. */
async function gateway(): Promise<{ readonly url: string; readonly registered$: Subject<readonly [string, Session]> }> {
  const registered$ = new Subject<readonly [string, Session]>();
  const listener = listenSessions('tcp://127.0.0.1:0', { codec });
  const bound = firstValueFrom(listener.address$);
  all.push(
    listener.subscribe((s) => {
      sessions.push(s);
      const desk = http.createServer(({ headers }, response) => {
        response.end(() => registered$.next([String(headers.authorization), s]));
      });
      s.accept$.subscribe(toHttp(desk));
    }),
  );
  const address = await bound;
  return { url: `tcp://127.0.0.1:${'port' in address ? address.port : ''}`, registered$ };
}

/** The machine behind NAT: listens nowhere, serves the streams that come, and comes back whenever its session ends. */
function house(url: string, name: string): void {
  const server = http.createServer((request, response) => response.end(`${name}: ${request.url ?? ''}`));
  const streams$ = dialSession(url, { codec }).pipe(
    retry({ delay: () => timer(0), resetOnSuccess: true }),
    repeat({ delay: () => timer(0) }),
    switchMap((s) => {
      const headers = { authorization: name };
      const registering = http.get({ host: 'gateway', agent: httpAgent(s), headers }, (response) => response.resume());
      registering.on('error', () => undefined);
      return s.accept$;
    }),
  );
  all.push(streams$.subscribe(toHttp(server)));
}

async function get(agent: Agent, path: string): Promise<string> {
  const [response] = (await once(http.get({ host: 'house', path, agent }), 'response')) as [IncomingMessage];
  return Buffer.concat((await response.toArray()) as Buffer[]).toString();
}

it('lets a server send requests to clients that only connect out, each by its name', async () => {
  const { url, registered$ } = await gateway();
  for (const name of ['attic', 'cellar']) {
    const registered = firstValueFrom(registered$);
    house(url, name);
    const [by, s] = await registered;
    expect(by).toBe(name);
    const agent = httpAgent(s);
    const paths = Array.from({ length: 20 }, (_, i) => `/${i}`);
    const replies = await Promise.all(paths.map((path) => get(agent, path)));
    expect(replies).toEqual(paths.map((path) => `${name}: ${path}`));
  }
});

it.each<readonly [string, (s: Session) => void]>([
  ['lost', (s) => s.conn._destroy(undefined, true)],
  ['drained', (s) => s.goAway()],
  ['closed', (s) => s.close()],
  ['ended with an error', (s) => s.error(new Error('restarted'))],
])('has the client back after its session was %s', async (_how, end) => {
  const { url, registered$ } = await gateway();
  let registered = firstValueFrom(registered$);
  house(url, 'attic');
  for (let i = 0; i < 3; i++) {
    const [, s] = await registered;
    registered = firstValueFrom(registered$);
    expect(await get(httpAgent(s), `/${i}`)).toBe(`attic: /${i}`);
    end(s);
  }
  expect((await registered)[0]).toBe('attic');
});
