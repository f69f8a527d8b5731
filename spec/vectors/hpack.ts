import type { HeaderField } from '../../src/sniff/hpack/static-table.js';

/** One header block of an example, and the header list it stands for. */
export interface HpackExample {
  readonly block: string;
  readonly fields: readonly HeaderField[];
}

const EXAMPLE = 'www.example.com';
const COOKIE = 'foo=ASDJKHQKBZXOQWEOPIUAXQWEOIU; max-age=3600; version=1';

const firstRequest: HeaderField[] = [
  [':method', 'GET'],
  [':scheme', 'http'],
  [':path', '/'],
  [':authority', EXAMPLE],
];
const secondRequest: HeaderField[] = [...firstRequest, ['cache-control', 'no-cache']];
const thirdRequest: HeaderField[] = [
  [':method', 'GET'],
  [':scheme', 'https'],
  [':path', '/index.html'],
  [':authority', EXAMPLE],
  ['custom-key', 'custom-value'],
];

const response = (status: string, second: string): HeaderField[] => [
  [':status', status],
  ['cache-control', 'private'],
  ['date', `Mon, 21 Oct 2013 20:13:${second} GMT`],
  ['location', `https://${EXAMPLE}`],
];
const thirdResponse: HeaderField[] = [...response('200', '22'), ['content-encoding', 'gzip'], ['set-cookie', COOKIE]];

// The examples with responses have SETTINGS_HEADER_TABLE_SIZE 256: here a size update says so.
const TABLE_256 = '3fe101';

/** RFC 7541 Appendix C.2 to C.6: each series is decoded by one decoder, in order. */
export const hpackExamples: readonly (readonly [name: string, series: readonly HpackExample[]])[] = [
  [
    'C.2.1 literal with indexing',
    [{ block: '400a637573746f6d2d6b65790d637573746f6d2d686561646572', fields: [['custom-key', 'custom-header']] }],
  ],
  ['C.2.2 literal without indexing', [{ block: '040c2f73616d706c652f70617468', fields: [[':path', '/sample/path']] }]],
  ['C.2.3 literal never indexed', [{ block: '100870617373776f726406736563726574', fields: [['password', 'secret']] }]],
  ['C.2.4 indexed field', [{ block: '82', fields: [[':method', 'GET']] }]],
  [
    'C.3 requests without Huffman coding',
    [
      { block: '828684410f7777772e6578616d706c652e636f6d', fields: firstRequest },
      { block: '828684be58086e6f2d6361636865', fields: secondRequest },
      { block: '828785bf400a637573746f6d2d6b65790c637573746f6d2d76616c7565', fields: thirdRequest },
    ],
  ],
  [
    'C.4 requests with Huffman coding',
    [
      { block: '828684418cf1e3c2e5f23a6ba0ab90f4ff', fields: firstRequest },
      { block: '828684be5886a8eb10649cbf', fields: secondRequest },
      { block: '828785bf408825a849e95ba97d7f8925a849e95bb8e8b4bf', fields: thirdRequest },
    ],
  ],
  [
    'C.5 responses without Huffman coding, with evictions',
    [
      {
        block:
          TABLE_256 +
          '4803333032580770726976617465611d4d6f6e2c203231204f637420323031332032303a31333a323120474d54' +
          '6e1768747470733a2f2f7777772e6578616d706c652e636f6d',
        fields: response('302', '21'),
      },
      { block: '4803333037c1c0bf', fields: response('307', '21') },
      {
        block:
          '88c1611d4d6f6e2c203231204f637420323031332032303a31333a323220474d54c05a04677a697077' +
          '38666f6f3d4153444a4b48514b425a584f5157454f50495541585157454f49553b206d61782d6167653d' +
          '333630303b2076657273696f6e3d31',
        fields: thirdResponse,
      },
    ],
  ],
  [
    'C.6 responses with Huffman coding, with evictions',
    [
      {
        block:
          TABLE_256 +
          '488264025885aec3771a4b6196d07abe941054d444a8200595040b8166e082a62d1bff' +
          '6e919d29ad171863c78f0b97c8e9ae82ae43d3',
        fields: response('302', '21'),
      },
      { block: '4883640effc1c0bf', fields: response('307', '21') },
      {
        block:
          '88c16196d07abe941054d444a8200595040b8166e084a62d1bffc05a839bd9ab77ad94e7821dd7f2e6c7b335' +
          'dfdfcd5b3960d5af27087f3672c1ab270fb5291f9587316065c003ed4ee5b1063d5007',
        fields: thirdResponse,
      },
    ],
  ],
];
