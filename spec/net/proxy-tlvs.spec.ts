import { describe, expect, it } from '@jest/globals';
import type { ProxyTlv } from '../../src/conn/meta.js';
import { decodeProxyTlvs, encodeProxyTlvs, encodeTlv, parseTlvs } from '../../src/net/proxy-tlvs.js';
import { latin1 } from '../../src/sniff/matcher.js';
import { proxyFlights } from '../vectors/proxy.js';

const tlv = (type: number, value: string): ProxyTlv => ({ type, value: latin1(value) });
const tlvsOf = (name: string): readonly ProxyTlv[] =>
  proxyFlights.find((flight) => flight.name === name)?.meta.tlvs ?? [];

const NOTHING = {
  alpn: undefined,
  authority: undefined,
  uniqueId: undefined,
  ssl: undefined,
  awsVpceId: undefined,
  gcpPscId: undefined,
  azureLinkId: undefined,
};

describe('decodeProxyTlvs', () => {
  it('gives the host name its canonical form', () => {
    expect(decodeProxyTlvs([tlv(0x02, 'Shop.Example.')]).authority).toBe('shop.example');
  });

  it('reads what HAProxy says of a TLS client', () => {
    expect(decodeProxyTlvs(tlvsOf('a v2 header for a TLS client of HAProxy'))).toEqual({
      ...NOTHING,
      alpn: 'h2',
      authority: 'app.example.com',
      uniqueId: latin1('rx-127.0.0.1:40276'),
      ssl: { verified: false, version: 'TLSv1.3', commonName: undefined, cipher: 'TLS_AES_256_GCM_SHA384' },
    });
  });

  it('reads the common name of a verified certificate', () => {
    expect(decodeProxyTlvs(tlvsOf('a v2 header for a TLS client with a certificate of HAProxy')).ssl).toEqual({
      verified: true,
      version: 'TLSv1.3',
      commonName: 'client.example',
      cipher: 'TLS_AES_256_GCM_SHA384',
    });
  });

  it.each([
    [
      'an AWS load balancer',
      'a v2 header with VPC endpoint id, CRC32c and padding as of an AWS load balancer',
      { awsVpceId: 'vpce-0123456789abcdef0' },
    ],
    ['Google Cloud', 'a v2 header as of Google Cloud Private Service Connect', { gcpPscId: 0x0123_4567_89ab_cdefn }],
    ['Azure', 'a v2 header as of an Azure private endpoint', { azureLinkId: 0x0102_0304 }],
  ])('reads the id of %s', (_, name, expected) => {
    expect(decodeProxyTlvs(tlvsOf(name))).toEqual({ ...NOTHING, ...expected });
  });

  it.each([
    ['nothing at all', []],
    ['a unique id over 128 bytes', [tlv(0x05, 'x'.repeat(129))]],
    ['an SSL value too short for its head', [tlv(0x20, '\x01\x00\x00\x00')]],
    ['a client that did not speak TLS', [tlv(0x20, '\x00\x00\x00\x00\x00')]],
    ['an SSL value whose TLVs do not fit', [tlv(0x20, '\x01\x00\x00\x00\x00!\x00\x09x')]],
    ['an AWS id of another kind', [tlv(0xea, '\x02vpce')]],
    ['an empty AWS id', [tlv(0xea, '')]],
    ['a Google Cloud id of 7 bytes', [tlv(0xe0, '1234567')]],
    ['an Azure id of 3 bytes', [tlv(0xee, '\x01123')]],
    ['an Azure id of another kind', [tlv(0xee, '\x021234')]],
  ])('finds nothing in %s', (_, tlvs) => {
    expect(decodeProxyTlvs(tlvs)).toEqual(NOTHING);
  });

  it('is not verified when the proxy says that the certificate failed', () => {
    expect(decodeProxyTlvs([tlv(0x20, '\x03\x00\x00\x00\x13')]).ssl?.verified).toBe(false);
    expect(decodeProxyTlvs([tlv(0x20, '\x03\x00\x00\x00\x00')]).ssl?.verified).toBe(true);
  });

  it('takes the first of a type', () => {
    expect(decodeProxyTlvs([tlv(0x02, 'first'), tlv(0x02, 'second')]).authority).toBe('first');
  });
});

describe('parseTlvs', () => {
  it('is the reverse of encodeTlv, empty values included', () => {
    const tlvs = [tlv(0x04, ''), tlv(0xff, 'x'.repeat(300)), tlv(0x00, 'y')];
    expect(parseTlvs(Uint8Array.from(tlvs.flatMap(encodeTlv)))).toEqual(tlvs);
    expect(parseTlvs(new Uint8Array(0))).toEqual([]);
  });
});

describe('encodeProxyTlvs', () => {
  it('says what decodeProxyTlvs reads, and nothing else', () => {
    const said = { authority: 'b\u00fccher.example', alpn: 'h2', uniqueId: Uint8Array.of(1, 0, 255) };
    expect(decodeProxyTlvs(encodeProxyTlvs(said))).toEqual({ ...NOTHING, ...said });
    expect(encodeProxyTlvs({ alpn: 'h2', authority: undefined })).toEqual([tlv(0x01, 'h2')]);
    expect(encodeProxyTlvs({})).toEqual([]);
  });

  it('refuses a unique id of more than 128 bytes', () => {
    expect(encodeProxyTlvs({ uniqueId: new Uint8Array(128) })).toHaveLength(1);
    expect(() => encodeProxyTlvs({ uniqueId: new Uint8Array(129) })).toThrow(
      expect.objectContaining({ code: 'ERR_MUX_OPTION' }),
    );
  });
});
