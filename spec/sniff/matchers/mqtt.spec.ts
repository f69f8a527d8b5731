import { describe, expect, it } from '@jest/globals';
import { latin1 } from '../../../src/sniff/matcher.js';
import { mqtt } from '../../../src/sniff/matchers/mqtt.js';
import { feed, matcherContract } from '../../conformance/matcher-contract.js';
import { flightsBesides, simpleFlights } from '../../vectors/text-and-simple.js';

const bad: [name: string, text: string][] = [
  ['flags in the packet type', '\x11'],
  ['another packet type', '\x30'],
  ['a length of five bytes', '\x10\x80\x80\x80\x80'],
  ['a length too short for a CONNECT', '\x10\x0b'],
  ['a length of zero spelled in four bytes', '\x10\x80\x80\x80\x00'],
  ['a name over 255 bytes', '\x10\x0f\x01'],
  ['a name of five bytes', '\x10\x0f\x00\x05'],
  ['another name', '\x10\x0f\x00\x04MQTx'],
  ['another name of six bytes', '\x10\x0f\x00\x06MQT'],
  ['a lower-case name', '\x10\x0f\x00\x04m'],
  ['MQTT at level 3', '\x10\x0f\x00\x04MQTT\x03'],
  ['MQTT at level 6', '\x10\x0f\x00\x04MQTT\x06'],
  ['MQIsdp at level 4', '\x10\x0f\x00\x06MQIsdp\x04'],
  ['the reserved flag', '\x10\x0f\x00\x04MQTT\x04\x03'],
];

matcherContract('mqtt', mqtt(), {
  yes: simpleFlights.mqtt,
  no: [
    ...flightsBesides('mqtt'),
    ...bad.map(([name, text]) => ({ name, bytes: latin1(`${text}\x00\x3c\x00\x03id1`) })),
  ],
});

describe('mqtt', () => {
  it.each(bad)('refuses %s at its last byte', (_, text) => {
    expect(feed(mqtt(), [latin1(text.slice(0, -1))])).toBe('more');
    expect(feed(mqtt(), [latin1(text)])).toBe('no');
  });

  it.each([
    ['\x10\x0f\x00\x06MQIsdp\x03\x02', { protocolLevel: 3, bridge: false }],
    ['\x10\x0f\x00\x06MQIsdp\x83\x02', { protocolLevel: 3, bridge: true }],
    ['\x10\x0f\x00\x04MQTT\x04\x02', { protocolLevel: 4, bridge: false }],
    ['\x10\x0f\x00\x04MQTT\x84\x02', { protocolLevel: 4, bridge: true }],
    ['\x10\x0f\x00\x04MQTT\x05\x02', { protocolLevel: 5, bridge: false }],
  ])('is sure at the last byte of %j and tells the level', (text, meta) => {
    expect(feed(mqtt(), [latin1(text.slice(0, -1))])).toBe('more');
    expect(feed(mqtt(), [latin1(text)])).toEqual({ meta });
  });

  it('decides on the longest beginning at its byte 15', () => {
    const longest = latin1('\x10\x80\x80\x80\x01\x00\x06MQIsdp\x03\x02');
    expect(longest).toHaveLength(15);
    expect(feed(mqtt(), [longest])).toMatchObject({ meta: { protocolLevel: 3 } });
  });
});
