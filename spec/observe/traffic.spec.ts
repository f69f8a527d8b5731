import { expect, it } from '@jest/globals';
import { of, Subject } from 'rxjs';
import type { Conn } from '../../src/conn/conn.js';
import { Traffic } from '../../src/observe/traffic.js';
import { ssh } from '../../src/sniff/matchers/index.js';
import { partitionByProtocol } from '../../src/sniff/partition-by-protocol.js';
import { sniff } from '../../src/sniff/sniff.js';
import { memoryPipe } from '../../src/testing/memory-pipe.js';

it('tells what became of each connection, counts protocols, and remembers the latest 50', () => {
  const traffic = new Traffic();
  const conns$ = new Subject<Conn>();
  const subscription = conns$.pipe(sniff(ssh(), traffic.options)).subscribe();
  const send = (text: string): Conn => {
    const [client, server] = memoryPipe();
    conns$.next(server);
    client.next(Buffer.from(text));
    return client;
  };
  const client = send('SSH-2.0-x\r\n');
  void send('GET / HTTP/1.1\r\n');
  const { counters, protocols, recent } = traffic.snapshot();
  expect(counters).toMatchObject({ accepted: 2, matched: 1, rejected: 1 });
  expect(protocols).toEqual({ ssh: 1 });
  expect(recent).toEqual([
    expect.objectContaining({ protocol: '', reason: 'noMatch', open: false, sniffedBytes: 16 }),
    expect.objectContaining({ protocol: 'ssh', reason: 'match', open: true, remote: '192.0.2.2:50000', bytesRead: 11 }),
  ]);
  client.error(new Error('gone'));
  expect(traffic.snapshot().recent[1]).toMatchObject({ open: false });
  for (let n = 0; n < 60; n++) void send('SSH-2.0-y\r\n');
  expect(traffic.snapshot().recent).toHaveLength(50);
  expect(traffic.snapshot().protocols).toEqual({ ssh: 61 });
  subscription.unsubscribe();
});

it('shows a connection once that was decided and then found no taker', () => {
  const traffic = new Traffic();
  const [client, server] = memoryPipe();
  const subscription = of<Conn>(server).pipe(partitionByProtocol(ssh(), traffic.options)).subscribe();
  client.next(Buffer.from('SSH-2.0-x\r\n'));
  expect(traffic.snapshot().recent).toEqual([
    expect.objectContaining({ id: server.id, reason: 'unclaimed', open: false }),
  ]);
  subscription.unsubscribe();
});
