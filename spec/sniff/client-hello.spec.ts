import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { beginsClientHello, ClientHelloReader } from '../../src/sniff/client-hello.js';
import { latin1 } from '../../src/sniff/matcher.js';
import { binaryFlights, hex } from '../vectors/binary.js';
import {
  alpn,
  clientHello,
  extension,
  inRecords,
  inTinyRecords,
  keyShare,
  serverName,
  supportedVersions,
  vector,
} from '../vectors/client-hello.js';

const read = (bytes: Uint8Array) => new ClientHelloReader().read(bytes);
const readWith = (...extensions: number[][]) => read(inRecords(clientHello({ extensions: extensions.flat() })));

describe('a ClientHello of', () => {
  it.each([
    ['Node with server name and ALPN', 0, 'example.com', ['h2', 'http/1.1'], [0x0304, 0x0303]],
    ['Node without either', 1, undefined, [], [0x0304, 0x0303]],
    ['Node for TLS 1.2 only', 2, 'www.example.com', [], [0x0303]],
    ['Node for PostgreSQL', 3, 'a.example.com', ['postgresql'], [0x0304]],
    ['openssl s_client', 4, 'example.org', ['h2'], [0x0304, 0x0303, 0x0302, 0x0301]],
    ['openssl s_client without name', 5, undefined, [], [0x0303]],
    ['Go', 6, 'go.example.com', ['h2'], [0x0304, 0x0303]],
    ['GnuTLS', 7, 'example.com', [], [0x0304, 0x0303, 0x0302, 0x0301]],
  ])('%s tells what it offers', (_, index, name, alpnProtocols, versions) => {
    const { bytes } = binaryFlights.tls[index] ?? { bytes: latin1('') };
    const offer = { alpnProtocols, versions };
    expect(read(bytes)).toEqual(name === undefined ? offer : { serverName: name, ...offer });
  });
});

describe('ClientHelloReader', () => {
  const message = clientHello({ extensions: [serverName('example.com'), alpn('h2')].flat() });
  const hello = { serverName: 'example.com', alpnProtocols: ['h2'], versions: [0x0303] };

  it('case 46: reads a hello in records of one byte, and waits until the last of them', () => {
    const bytes = inTinyRecords(message);
    expect(read(bytes)).toEqual(hello);
    const reader = new ClientHelloReader();
    for (let k = 0; k < bytes.length; k++) expect(reader.read(bytes.subarray(0, k))).toBe('more');
    expect(reader.read(bytes)).toEqual(hello);
  });

  it('case 46: reads a hello whose first record has one byte', () => {
    expect(read(inRecords(message, 1))).toEqual(hello);
  });

  it('reads a hello cut into any records, which come in any chunks', () => {
    const sizes = fc.array(fc.integer({ min: 1, max: message.length }), { maxLength: 8 });
    fc.assert(
      fc.property(sizes, fc.array(fc.nat(2 * message.length), { maxLength: 8 }), (records, cuts) => {
        const bytes = inRecords(message, ...records);
        const reader = new ClientHelloReader();
        for (const cut of cuts.sort((a, b) => a - b)) reader.read(bytes.subarray(0, cut));
        expect(reader.read(bytes)).toEqual(hello);
      }),
      { numRuns: 200 },
    );
  });

  it('keeps no view of the bytes it was given, which may change between the calls', () => {
    const bytes = inRecords(message, 20);
    const reader = new ClientHelloReader();
    for (let k = 1; k < bytes.length; k++) {
      const chunk = Uint8Array.from(bytes.subarray(0, k));
      expect(reader.read(chunk)).toBe('more');
      chunk.fill(0);
    }
    expect(reader.read(bytes)).toEqual(hello);
  });

  it('does not look at what follows the hello', () => {
    const early = [0x17, 3, 3, 0, 2, 9, 9];
    expect(read(Uint8Array.of(...inRecords(message), ...early))).toEqual(hello);
  });

  it.each([
    ['case 45: a hello of 1.7 KiB with a post-quantum key', 1216],
    ['case 45: a hello of 15 KiB', 15_000],
  ])('reads %s', (_, keyBytes) => {
    const bytes = inRecords(
      clientHello({ extensions: [serverName('pq.example'), keyShare(keyBytes), alpn('h2')].flat() }),
    );
    const reader = new ClientHelloReader();
    for (const arrived of [400, 1000, keyBytes]) expect(reader.read(bytes.subarray(0, arrived))).toBe('more');
    expect(reader.read(bytes)).toMatchObject({ serverName: 'pq.example', alpnProtocols: ['h2'] });
  });

  it('reads a hello of 40 KiB, in three records', () => {
    const large = clientHello({ extensions: [keyShare(40_000), serverName('large.example')].flat() });
    expect(read(inRecords(large, 16_384, 16_384))).toMatchObject({ serverName: 'large.example' });
  });

  it('stays with its answer', () => {
    const reader = new ClientHelloReader();
    expect(reader.read(hex('16 0301 0005 02'))).toBe('malformed');
    expect(reader.read(inRecords(message))).toBe('malformed');
  });
});

describe('case 47: what is offered', () => {
  it('is the legacy version without the extension for versions, and no extensions at all are fine', () => {
    expect(read(inRecords(clientHello({ legacyVersion: 0x0301, extensions: undefined })))).toEqual({
      alpnProtocols: [],
      versions: [0x0301],
    });
  });

  it('is TLS 1.3 where the record says 1.0, and GREASE is left out', () => {
    const greased = readWith(
      extension(0x1a1a, []),
      supportedVersions(0x0a0a, 0x0304, 0xfafa, 0x0303),
      extension(0xaaaa, [0]),
    );
    expect(greased).toEqual({ alpnProtocols: [], versions: [0x0304, 0x0303] });
  });

  it('keeps a version that only looks like GREASE', () => {
    expect(readWith(supportedVersions(0x0a1a, 0x0303))).toEqual({ alpnProtocols: [], versions: [0x0a1a, 0x0303] });
  });

  it('is a server name in lower case', () => {
    expect(readWith(serverName('WWW.Example-1.COM'))).toMatchObject({ serverName: 'www.example-1.com' });
    expect(readWith(serverName('my_host'))).toMatchObject({ serverName: 'my_host' });
  });

  it('is a server name without the dot at its end', () => {
    expect(readWith(serverName('Example.com.'))).toMatchObject({ serverName: 'example.com' });
  });

  it.each(['192.0.2.1', '192.0.2.1.', '2001:db8::1', '[::1]'])('is no server name where it is %j', (name) => {
    expect(readWith(serverName(name), alpn('h2'))).toEqual({ alpnProtocols: ['h2'], versions: [0x0303] });
  });

  it.each([
    'example.com..',
    '.example.com',
    '.',
    'a..b',
    'a b',
    'ex\0ample',
    'example.com\0.evil.example',
    'b\xfccher.de',
    '1.2.3',
  ])('can not be read with the server name %j', (name) => {
    expect(readWith(serverName(name), alpn('h2'))).toBe('malformed');
  });

  it('is no server name of more than 253 bytes', () => {
    const longest = `${'a'.repeat(63)}.`.repeat(3) + 'b'.repeat(61);
    expect(readWith(serverName(longest))).toHaveProperty('serverName', longest);
    expect(readWith(serverName(`${longest}b`))).toBe('malformed');
  });
});

describe('case 47: a malformed hello is one with', () => {
  const hostName = (bytes: readonly number[]) => [0, ...vector(2, bytes)];

  it.each<[string, number[]]>([
    ['an empty list of server names', extension(0, vector(2, []))],
    ['an empty server name', extension(0, vector(2, hostName([])))],
    ['two server names', extension(0, vector(2, [...hostName([0x61]), ...hostName([0x62])]))],
    ['a server name of another type', extension(0, vector(2, [1, ...vector(2, [0x61])]))],
    ['bytes behind the server name', extension(0, [...vector(2, hostName([0x61])), 0])],
    ['an empty server name extension', extension(0, [])],
    ['an empty list of protocols', alpn()],
    ['an empty protocol', alpn('h2', '')],
    ['bytes behind the protocols', extension(16, [0, 3, 2, 0x68, 0x32, 0])],
    ['bytes behind the versions', extension(43, [2, 3, 4, 0])],
    ['a protocol longer than the list', extension(16, [0, 3, 9, 0x68, 0x32])],
    ['an empty list of versions', supportedVersions()],
    ['a version and a half', extension(43, [3, 3, 4, 3])],
    ['two server name extensions', [...serverName('a.example'), ...serverName('b.example')]],
    ['an extension longer than the list', [0, 21, 0, 9, 0]],
    ['half an extension header', [0, 21, 0]],
  ])('%s', (_, extensions) => {
    expect(readWith(extensions)).toBe('malformed');
  });

  it.each<[string, number[]]>([
    ['a version that is not TLS', clientHello({ legacyVersion: 0x0203 })],
    ['a session id of 33 bytes', clientHello({ sessionId: new Array<number>(33).fill(1) })],
    ['no cipher suite', clientHello({ cipherSuites: [] })],
    ['no compression method', clientHello({ compressionMethods: [] })],
    ['bytes behind the extensions', clientHello({ tail: [0] })],
    ['an extension list longer than the hello', clientHello({ extensions: undefined, tail: [0, 9, 0] })],
    ['nothing but a version', [1, 0, 0, 2, 3, 3]],
    ['nothing', [1, 0, 0, 0]],
  ])('%s', (_, message) => {
    expect(read(inRecords(message))).toBe('malformed');
  });

  it.each([
    ['a 33rd record that is empty', '16 0301 0000 '.repeat(33)],
    ['a record that is too long', '16 0301 4001'],
    ['a record that is much too long', '16 0301 41'],
    ['a record of SSL 2', '16 02'],
    ['another kind of record', '17'],
    ['an alert between its records', '16 0301 0001 01 15'],
    ['a handshake of another type', '16 0301 0001 02'],
    ['a length that ends before its record does', '16 0301 0009 01 000004'],
  ])('%s', (_, text) => {
    const bytes = hex(text);
    expect(read(bytes.subarray(0, -1))).toBe('more');
    expect(read(bytes)).toBe('malformed');
  });

  it('never a reason to throw, whatever byte lies', () => {
    const bytes = inRecords(clientHello({ extensions: [serverName('a.example'), alpn('h2')].flat() }));
    fc.assert(
      fc.property(fc.nat(bytes.length - 1), fc.nat(255), (at, value) => {
        const lie = Uint8Array.from(bytes);
        lie[at] = value;
        expect(() => read(lie)).not.toThrow();
      }),
      { numRuns: 2000 },
    );
  });
});

describe('beginsClientHello', () => {
  it.each(['', '16', '16 03', '16 0300', '16 0304 40', '16 0301 4000', '16 03ff 0001', '16 0301 0000'])(
    'waits at %j',
    (text) => {
      expect(beginsClientHello(hex(text))).toBe('more');
    },
  );

  it.each(['15', '16 02', '16 0301 41', '16 0301 4001', '16 0301 0000 '.repeat(33), '16 0301 0040 02'])(
    'refuses %j at its last byte',
    (text) => {
      const bytes = hex(text);
      expect(beginsClientHello(bytes.subarray(0, -1))).toBe('more');
      expect(beginsClientHello(bytes)).toBe('no');
    },
  );

  it.each(['16 0300 0040 01', '16 0304 4000 01', '16 03ff 0001 01', `${'16 0301 0000 '.repeat(32)} 16 0301 0001 01`])(
    'is sure at %j',
    (text) => {
      expect(beginsClientHello(hex(text))).toBe('match');
    },
  );
});
