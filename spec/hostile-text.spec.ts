import { describe, expect, it } from '@jest/globals';
import { readdirSync, readFileSync } from 'node:fs';
import { of } from 'rxjs';
import type { Conn } from '../src/conn/conn.js';
import { fromWebSocket } from '../src/conn/web-socket-conn.js';
import { MuxError } from '../src/errors.js';
import { proxyProtocol } from '../src/net/proxy-protocol.js';
import { tlsReason } from '../src/net/tls-reason.js';
import { printable } from '../src/printable.js';
import { postgres } from '../src/sniff/matchers/postgres.js';
import { memoryPipe } from '../src/testing/memory-pipe.js';
import { muxado } from '../src/wire/index.js';
import { feed } from './conformance/matcher-contract.js';
import { FakeWebSocket } from './conn/fake-web-socket.js';
import { rawPeer } from './session/raw-peer.js';

// Terminal sequences in C0 and C1, lines, what turns text around, what shows as nothing, and half a character.
const HOSTILE =
  '\u001b[2J\u009b2J\r\n\u0000\u2028\u2029\u202e\u2066\u200e\u200f\u061c\u200b\u00ad\u3164\ufeff\u{e0041}\ud800 ok';
const HIDDEN = /[\p{C}\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}]/u;

const expectSafe = (text: string): void => {
  expect(text).not.toMatch(HIDDEN);
  expect(text.length).toBeLessThan(20_000);
};

describe('text of a peer', () => {
  it('is escaped and cut where it is made printable', () => {
    expectSafe(printable(HOSTILE));
    expect(printable(HOSTILE)).toMatch(/ ok$/);
    expect(printable('x'.repeat(5000))).toBe(`${'x'.repeat(2047)}…`);
    expect(printable('é日本 😀 ✓')).toBe('é日本 😀 ✓');
    // So it does no harm to do it twice.
    expect(printable(printable(HOSTILE))).toBe(printable(HOSTILE));
  });

  it('gets into no error, whatever its class and origin', () => {
    expectSafe(new MuxError('ERR_MUX_ABORT', HOSTILE).message);
    expectSafe(MuxError.from(new Error(HOSTILE)).message);
    expectSafe(MuxError.from(new Error(tlsReason(Object.assign(new Error(HOSTILE), { reason: HOSTILE })))).message);
    expectSafe(String(new MuxError('ERR_MUX_ABORT', HOSTILE).stack).split('\n    at ')[0] ?? '\0');
  });

  it('in a GoAway gets into no error of a stream or session', async () => {
    const peer = rawPeer({ codec: muxado(), role: 'client' });
    const errors: string[] = [];
    const note = { error: (error: MuxError) => errors.push(error.message) };
    peer.session.open({ eager: true }).subscribe(note);
    peer.session.closed$.subscribe(({ error }) => errors.push(error?.message ?? ''));
    const debug = Buffer.from(HOSTILE);
    peer.sendHex(`0000${(8 + debug.length).toString(16)} 30 00000000 00000000 00000002 ${debug.toString('hex')}`);
    peer.session.open().subscribe(note);
    peer.end();
    await peer.settled();
    expect(errors).toHaveLength(3);
    errors.forEach(expectSafe);
    expect(errors[0]).toContain('\\u{202e}');
  });

  it('in the reason of a WebSocket gets into no error', () => {
    const socket = new FakeWebSocket();
    const errors: string[] = [];
    fromWebSocket(socket).subscribe({ error: (error: MuxError) => errors.push(error.message) });
    socket.emit('close', { code: 4000, reason: HOSTILE });
    expect(errors).toHaveLength(1);
    errors.forEach(expectSafe);
  });

  it('in a PROXY header gets into no rejection', () => {
    const [client, server] = memoryPipe();
    const errors: string[] = [];
    const rejected = { next: ({ error }: { readonly error: Error }) => errors.push(error.message) };
    of<Conn>(server)
      .pipe(proxyProtocol({ trust: ['192.0.2.0/24'], rejected }))
      .subscribe();
    client.next(new TextEncoder().encode(`PROXY TCP4 ${HOSTILE}\r\n`));
    expect(errors).toHaveLength(1);
    errors.forEach(expectSafe);
  });

  it('can get out by no other way: errors have one base, and what is written to a log goes through printable', () => {
    const src = new URL('../src/', import.meta.url);
    for (const name of readdirSync(src, { recursive: true, encoding: 'utf8' })) {
      if (!name.endsWith('.ts')) continue;
      const code = readFileSync(new URL(name, src), 'utf8').replace(/^ *(?:\*|\/\/|\/\*\*).*$/gm, '');
      if (name !== 'errors.ts')
        expect([name, /extends \w*Error\b(?!.*MuxError)/.exec(code)?.[0]]).toEqual([name, undefined]);
      for (const line of code.split('\n').filter((text) => /\b(?:console\.|emitWarning\(|stderr\.write\()/.test(text)))
        expect([name, line]).toEqual([name, expect.stringContaining('printable(')]);
    }
  });
});

describe('names that a peer gives', () => {
  it('find no members of an object', () => {
    const body = 'user\0me\0__proto__\0x\0constructor\0y\0\0';
    const length = 8 + body.length;
    const startup = Uint8Array.from([0, 0, 0, length, 0, 3, 0, 0, ...new TextEncoder().encode(body)]);
    const { meta } = feed(postgres(), [startup]) as { meta: { parameters: Record<string, string> } };
    expect(Object.getPrototypeOf(meta.parameters)).toBeNull();
    expect(Object.entries(meta.parameters)).toEqual([
      ['user', 'me'],
      ['__proto__', 'x'],
      ['constructor', 'y'],
    ]);
  });
});
