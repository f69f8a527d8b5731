import { describe, expect, it } from '@jest/globals';
import { of, Subject, toArray, firstValueFrom } from 'rxjs';
import type { Conn } from '../../src/conn/conn.js';
import { dial } from '../../src/net/dial.js';
import { proxyProtocol } from '../../src/net/proxy-protocol.js';
import { sendProxyHeader } from '../../src/net/send-proxy-header.js';
import { latin1 } from '../../src/sniff/matcher.js';
import { memoryPipe } from '../../src/testing/memory-pipe.js';
import { loopback } from './loopback.js';

const CLIENT = { remoteAddress: '203.0.113.7', remotePort: 51000, localAddress: '10.0.0.5', localPort: 443 };

/** What the other end of a dialed connection receives, when `write` writes as it is emitted. */
function sent(stage: ReturnType<typeof sendProxyHeader>, write: (conn: Conn) => void = () => undefined): string {
  const [dialed, server] = memoryPipe();
  let text = '';
  server.subscribe((bytes) => (text += Buffer.from(bytes).toString('latin1')));
  of(dialed).pipe(stage).subscribe(write);
  return text;
}

describe('sendProxyHeader', () => {
  it('writes the header of the client before anything else', () => {
    const greet = (conn: Conn): void => {
      conn.next(latin1('EHLO x\r\n'));
    };
    expect(sent(sendProxyHeader({ version: 1, from: CLIENT }), greet)).toBe(
      'PROXY TCP4 203.0.113.7 10.0.0.5 51000 443\r\nEHLO x\r\n',
    );
    expect(sent(sendProxyHeader({ version: 2, from: CLIENT }), greet)).toBe(
      '\r\n\r\n\x00\r\nQUIT\n!\x11\x00\x0c\xcb\x00q\x07\n\x00\x00\x05\xc78\x01\xbbEHLO x\r\n',
    );
  });

  it('writes it although nothing else is ever written', () => {
    expect(sent(sendProxyHeader({ version: 1, from: CLIENT }))).toBe('PROXY TCP4 203.0.113.7 10.0.0.5 51000 443\r\n');
  });

  it('says LOCAL, or UNKNOWN in version 1, when this program speaks for itself', () => {
    expect(sent(sendProxyHeader({ version: 2 }))).toBe('\r\n\r\n\x00\r\nQUIT\n \x00\x00\x00');
    expect(sent(sendProxyHeader({ version: 1 }))).toBe('PROXY UNKNOWN\r\n');
  });

  it('tells the addresses that the client had when the stage was made', () => {
    const [, client] = memoryPipe();
    client._readdress(CLIENT);
    const stage = sendProxyHeader({ version: 1, from: client });
    client._readdress({ remoteAddress: undefined, remotePort: undefined });
    expect(sent(stage)).toBe('PROXY TCP4 203.0.113.7 10.0.0.5 51000 443\r\n');
  });

  it('refuses TLVs that do not fit, at once', () => {
    const tlvs = [{ type: -1, value: latin1('') }];
    expect(() => sendProxyHeader({ version: 2, tlvs })).toThrow(expect.objectContaining({ code: 'ERR_MUX_OPTION' }));
  });

  it.each([{ version: 1 }, { version: 2, crc32c: true }] as const)(
    'is understood by proxyProtocol: %j',
    async (options) => {
      const accepted$ = new Subject<Conn>();
      const port = await loopback((conns$) =>
        conns$.pipe(proxyProtocol({ trust: ['127.0.0.1'] })).subscribe(accepted$),
      );
      const accepted = firstValueFrom(accepted$);
      const from = { ...CLIENT, remoteAddress: '2001:db8::7', localAddress: '2001:db8::5' };
      const dialed = await firstValueFrom(
        dial({ port: port.port, host: '127.0.0.1' }).pipe(sendProxyHeader({ ...options, from })),
      );
      dialed.next(latin1('hello'));
      dialed.complete();
      const conn = await accepted;
      expect([conn.remoteAddress, conn.remotePort, conn.localAddress, conn.localPort]).toEqual([
        '2001:db8::7',
        51000,
        '2001:db8::5',
        443,
      ]);
      expect(Buffer.concat(await firstValueFrom(conn.pipe(toArray()))).toString()).toBe('hello');
      dialed._destroy(undefined, false);
      port.close();
    },
  );
});
