import { describe, expect, it } from '@jest/globals';
import { Subject } from 'rxjs';
import { TestScheduler } from 'rxjs/testing';
import type { Conn } from '../../src/conn/conn.js';
import { limitPerIp, type PerIpRejection } from '../../src/net/per-ip.js';
import { proxyProtocol } from '../../src/net/proxy-protocol.js';
import { latin1 } from '../../src/sniff/matcher.js';
import { memoryPipe } from '../../src/testing/memory-pipe.js';
import { Clock } from '../session/session-ends.js';

const PROXY_IP = '10.0.0.1';

/** Connections from one proxy, each with a PROXY header, limited to two a client. */
function behindProxy() {
  const conns$ = new Subject<Conn>();
  const rejections: PerIpRejection[] = [];
  const admitted: Conn[] = [];
  const limit = limitPerIp({ max: 2, rejected: { next: (rejection) => rejections.push(rejection) } });
  const subscription = conns$
    .pipe(proxyProtocol({ trust: [PROXY_IP], scheduler: new Clock() }), limit)
    .subscribe((conn) => admitted.push(conn));
  const connect = (client: string, family = 'TCP4'): readonly [Conn, Conn] => {
    const [proxy, server] = memoryPipe();
    server._readdress({ remoteAddress: PROXY_IP, remotePort: 4000 });
    conns$.next(server);
    proxy.next(latin1(`PROXY ${family} ${client} ${family === 'TCP4' ? '10.0.0.9' : '2001:db8::9'} 4711 80\r\n`));
    return [proxy, server];
  };
  return { conns$, rejections, admitted, connect, limit, subscription };
}

describe('limitPerIp', () => {
  it('counts the clients behind a proxy, not the proxy', () => {
    const { admitted, rejections, connect } = behindProxy();
    const conns = ['192.0.2.1', '192.0.2.1', '192.0.2.2', '192.0.2.1', '192.0.2.3'].map((ip) => connect(ip)[1]);
    expect(admitted).toEqual([conns[0], conns[1], conns[2], conns[4]]);
    expect(rejections.map(({ conn, error }) => [conn, error.code])).toEqual([[conns[3], 'ERR_MUX_ACCEPT']]);
    expect(rejections[0]?.error.message).toContain('more than 2 connections from 192.0.2.1');
  });

  it('forgets those that are closed', () => {
    const { admitted, connect } = behindProxy();
    const [, first] = connect('192.0.2.1');
    connect('192.0.2.1');
    first._destroy(undefined, false);
    connect('192.0.2.1');
    expect(admitted).toHaveLength(3);
    connect('192.0.2.1');
    expect(admitted).toHaveLength(3);
  });

  it.each([
    ['TCP6', '2001:db8:1:2::1', '2001:db8:1:2:ffff::9', '2001:db8:1:3::1', '2001:db8:1:2::/64'],
    ['TCP6', '::ffff:192.0.2.1', '::ffff:192.0.2.1', '::ffff:192.0.2.2', '192.0.2.1'],
  ])('counts %s %s and %s as one client, and %s as another', (family, first, second, other, client) => {
    const { admitted, rejections, connect } = behindProxy();
    const conns = [first, second, first, other].map((ip) => connect(ip, family)[1]);
    expect(admitted).toEqual([conns[0], conns[1], conns[3]]);
    expect(rejections[0]?.error.message).toContain(`more than 2 connections from ${client}`);
    for (const conn of admitted.splice(0)) conn._destroy(undefined, false);
    connect(second, family);
    expect(admitted).toHaveLength(1);
  });

  it('shares its count among its subscriptions', () => {
    const { limit, connect } = behindProxy();
    connect('192.0.2.1');
    connect('192.0.2.1');
    const more$ = new Subject<Conn>();
    const more: Conn[] = [];
    more$.pipe(limit).subscribe((conn) => more.push(conn));
    const [, server] = memoryPipe();
    server._readdress({ remoteAddress: '192.0.2.1' });
    more$.next(server);
    expect(more).toEqual([]);
  });

  it('lets those without an address pass', () => {
    const conns$ = new Subject<Conn>();
    const admitted: Conn[] = [];
    conns$.pipe(limitPerIp({ max: 1 })).subscribe((conn) => admitted.push(conn));
    for (let i = 0; i < 3; i++) {
      const [, server] = memoryPipe();
      server._readdress({ remoteAddress: undefined });
      conns$.next(server);
    }
    expect(admitted).toHaveLength(3);
  });

  it('ends as its source does, and leaves connections open when it is left', () => {
    const scheduler = new TestScheduler((actual, expected) => {
      expect(actual).toEqual(expected);
    });
    scheduler.run(({ hot, expectObservable, expectSubscriptions }) => {
      for (const [marbles, watched, subscribed] of [
        ['--|', '^---!', '^-!'],
        ['--#', '^---!', '^-!'],
        ['---', '^---!', '^---!'],
      ] as const) {
        const source$ = hot<Conn>(marbles);
        expectObservable(source$.pipe(limitPerIp({ max: 1 })), watched).toBe(marbles);
        expectSubscriptions(source$.subscriptions).toBe(subscribed);
      }
    });
    const { admitted, connect, subscription } = behindProxy();
    const [, server] = connect('192.0.2.1');
    let closed = false;
    server.closed$.subscribe(() => (closed = true));
    subscription.unsubscribe();
    expect([admitted.length, closed]).toEqual([1, false]);
  });

  it.each([0, -1, 1.5, NaN])('refuses a max of %d', (max) => {
    expect(() => limitPerIp({ max })).toThrow(expect.objectContaining({ code: 'ERR_MUX_OPTION' }));
  });
});
