import { describe, expect, test } from '@jest/globals';
import { of } from 'rxjs';
import { dialSession } from '../../src/net/dial-session.js';
import { listenSessions } from '../../src/net/listen-sessions.js';
import { acceptSessions } from '../../src/session/accept-sessions.js';
import { memoryPipe } from '../../src/testing/memory-pipe.js';
import { yamux } from '../../src/wire/index.js';
import { log } from '../session/raw-peer.js';
import { Clock } from '../session/session-ends.js';
import { NO_OPTIONS, WRONG } from '../session/wrong-options.js';

const codec = yamux();
const usage = (name: string) =>
  expect.objectContaining({ code: 'ERR_MUX_OPTION', message: expect.stringContaining(name) });

describe('an option of a session that cannot be meant', () => {
  test.each(WRONG)('is told by dialSession as it is called: %s', (_text, name, options) => {
    expect(() => dialSession('tcp://127.0.0.1:1', { codec, ...options })).toThrow(usage(name));
  });

  // A list of codecs is fine here.
  const ofListen = WRONG.filter(([, , { codec: given }]) => !Array.isArray(given));
  test.each(ofListen)('is told by listenSessions as it is called: %s', (_text, name, options) => {
    expect(() => listenSessions('tcp://127.0.0.1:0', { codec, ...options })).toThrow(usage(name));
  });

  test('is told by listenSessions also when it is one codec of several', () => {
    const wrong = [codec, 'smux'] as unknown as readonly [typeof codec];
    expect(() => listenSessions('tcp://127.0.0.1:0', { codec: wrong })).toThrow(usage('codec'));
  });

  test.each(NO_OPTIONS)('is %j for all of them', (none) => {
    expect(() => dialSession('tcp://127.0.0.1:1', none)).toThrow(usage('codec'));
    expect(() => listenSessions('tcp://127.0.0.1:0', none)).toThrow(usage('codec'));
  });

  // Without a codec it takes that which sniff found.
  const ofAccept = WRONG.filter(([text]) => !text.includes('codec":"undefined"'));
  test.each(ofAccept)('is told by acceptSessions as it is called: %s', (_text, name, options) => {
    expect(() => acceptSessions({ codec, ...options })).toThrow(usage(name));
  });

  const ofFound = WRONG.filter(([text]) => !text.includes('codec'));
  test.each(ofFound)('is told by acceptSessions when it knows the codec: %s', (_text, _name, options) => {
    const [conn] = memoryPipe({ scheduler: new Clock() });
    conn._identify(codec.protocol, { codec });
    expect(log(of(conn).pipe(acceptSessions(options)))).toEqual(['ERR_MUX_OPTION']);
  });

  test.each([null, 5, 'yamux'])('is %j for all of those of acceptSessions', (none) => {
    expect(() => acceptSessions(none as unknown as object)).toThrow(usage('options of acceptSessions are an object'));
  });
});

test('an option of a session that is given as undefined is its default to dialSession and listenSessions', () => {
  const names = ['maxStreams', 'windowBytes', 'maxFrameBytes', 'budget', 'junkRate', 'keepAlive', 'scheduler'];
  for (const name of [...names, 'frameTimeoutMs', 'onCancel']) {
    const options = { codec, [name]: undefined };
    expect(() => dialSession('tcp://127.0.0.1:1', options)).not.toThrow();
    expect(() => listenSessions('tcp://127.0.0.1:0', options)).not.toThrow();
  }
});
