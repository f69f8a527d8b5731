import { describe, expect, it } from '@jest/globals';
import { Socket } from 'node:net';
import { carryAddresses } from '../../src/net/carry-addresses.js';

describe('carryAddresses', () => {
  it('sets the given addresses on the very socket, over what the system says, and again', () => {
    const socket = new Socket();
    carryAddresses(socket, {
      remoteAddress: '203.0.113.7',
      remotePort: 51000,
      localAddress: '10.0.0.5',
      localPort: 443,
    });
    expect([socket.remoteAddress, socket.remotePort, socket.localAddress, socket.localPort]).toEqual([
      '203.0.113.7',
      51000,
      '10.0.0.5',
      443,
    ]);
    carryAddresses(socket, { remoteAddress: '203.0.113.8' });
    expect([socket.remoteAddress, socket.remotePort]).toEqual(['203.0.113.8', 51000]);
  });

  it.each([
    ['203.0.113.7', '10.0.0.5', 'IPv4'],
    ['2001:db8::7', '2001:db8::5', 'IPv6'],
  ])('shows the family of %s, and address() of this end', (remoteAddress, localAddress, family) => {
    const socket = new Socket();
    carryAddresses(socket, { remoteAddress, remotePort: 51000, localAddress, localPort: 443 });
    expect([socket.remoteFamily, socket.localFamily]).toEqual([family, family]);
    expect(socket.address()).toEqual({ address: localAddress, family, port: 443 });
  });

  it('leaves alone what is absent or undefined', () => {
    const socket = new Socket();
    carryAddresses(socket, { remoteAddress: undefined, localPort: 443 });
    expect(Object.keys(Object.getOwnPropertyDescriptors(socket))).not.toContain('remoteAddress');
    expect(socket.localPort).toBe(443);
  });
});
