import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { Codec } from '../../src/wire/codec.js';
import { smux, yamux } from '../../src/wire/index.js';
import { describePeer, type Peer } from './peer.js';
import { relay } from './relay.js';
import { buildRelayedTests, type Edit, type RelayedLibrary } from './relayed-library.js';
import { Lab } from './run.js';

interface Suite extends RelayedLibrary {
  readonly title: string;
  readonly path: Extract<Peer, `github.com/${string}`>;
  readonly codec: Codec;
  /** Tests that pass with a relay between client and server. */
  readonly passing: readonly string[];
  /** Tests that a relay can't pass, by reason. */
  readonly apart: Readonly<Record<string, readonly string[]>>;
  /** Tests that open no session. */
  readonly local: readonly string[];
}

const TEST_MS = 60_000;

const YAMUX: Suite = {
  title: 'yamux',
  path: 'github.com/hashicorp/yamux',
  codec: yamux(),
  ours: 'yamux',
  replaced: [
    'type pipeConn ',
    'func (p *pipeConn) Read(',
    'func (p *pipeConn) Write(',
    'func (p *pipeConn) Close(',
    'func testConn(',
    'func testConf(',
  ],
  edits: [
    { file: 'session_test.go', from: /time\.After\((?:\d+ \* )?time\.Second\)/g, to: 'time.After(patience)' },
    { file: 'session_test.go', from: /(client|server)\.NumStreams\(\) != 0/g, to: 'streamsLeft($1) != 0' },
    { file: 'session_test.go', from: /\bstream\.Read\(/g, to: 'readFull(stream, ' },
    { file: 'session_test.go', from: /\bstream2\.Read\(/g, to: 'readClosed(stream2, ' },
    { file: 'session_test.go', from: /Now\(\)\.Add\(10 \* time\.Millisecond\)/, to: 'Now().Add(patience)' },
    // The client must not close its streams before the server has accepted them: a stream that has ended by then is never
    // acknowledged, and 64 of those hold back the rest.
    {
      file: 'session_test.go',
      from: /(max := 5 .*\n)\tgo func\(\) \{/,
      to: '$1\tvar all sync.WaitGroup\n\tall.Add(1)\n\tgo func() {\n\t\tdefer all.Done()',
    },
    { file: 'session_test.go', from: /("foo"\)\); err != nil \{\n.*\n\t\t\}\n\t\}\n)\}/, to: '$1\tall.Wait()\n}' },
    // 16 streams of 1 GiB would take a minute.
    { file: 'session_test.go', from: /var n int64 = 1 \* 1024 \* 1024 \* 1024/, to: 'var n int64 = 16 << 20' },
  ],
  passing: [
    'TestPing',
    'TestCloseBeforeAck',
    'TestAccept',
    'TestNonNilInterface',
    'TestSendData_Small',
    'TestSendData_Large',
    'TestManyStreams',
    'TestManyStreams_PingPong',
    'TestHalfClose',
    'TestReadDeadline',
    'TestWriteDeadline',
    'TestKeepAlive',
    'TestLargeWindow',
    'TestSendData_VeryLarge',
    'TestBacklogExceeded_Accept',
    'TestSession_WindowUpdateWriteDuringRead',
    'TestSession_sendNoWait_Timeout',
    'TestSession_PingOfDeath',
    'TestSession_ConnectionWriteTimeout',
  ],
  apart: {
    'the relay answers pings itself, so that either end lives while the other is mute': [
      'TestPing_Timeout',
      'TestKeepAlive_Timeout',
    ],
    'the relay accepts streams itself, so that the backlog of the server does not hold back the client': [
      'TestBacklogExceeded',
    ],
    'the relay grants windows of its own': ['TestSession_PartialReadWindowUpdate'],
    'asks for a stream in the moment after the other end has sent GoAway': ['TestGoAway'],
  },
  local: ['TestConst', 'TestEncodeDecode', 'TestAsyncSendErr', 'TestAsyncNotify', 'TestMin'],
};

/** The tests of smux with a default version: most of them take what is the default. */
function smuxSuite(version: 1 | 2): Suite {
  const edits: Edit[] = [
    { file: 'session_test.go', from: /net\.Dial\(/g, to: 'dial(' },
    // The tests serve profiles at a fixed port, which anything may use.
    { file: 'session_test.go', from: /"0\.0\.0\.0:6060"/, to: '"127.0.0.1:0"' },
    { file: 'mux.go', from: /(Version: +)1,/, to: `$1${version},` },
  ];
  const ofVersion2 = ['TestWriteToV2', 'TestParallelV2'];
  return {
    title: `smux ${version}`,
    path: 'github.com/xtaci/smux',
    codec: version === 1 ? smux({ version }) : smux({ version }),
    ours: 'smux',
    replaced: ['func getTCPConnectionPair('],
    edits,
    passing: [
      'TestEcho',
      'TestWriteTo',
      'TestGetDieCh',
      'TestSpeed',
      'TestParallel',
      'TestCloseThenOpen',
      'TestSessionDoubleClose',
      'TestStreamDoubleClose',
      'TestConcurrentClose',
      'TestTinyReadBuffer',
      'TestIsClose',
      'TestServerEcho',
      'TestSendWithoutRecv',
      'TestWriteAfterClose',
      'TestReadStreamAfterSessionClose',
      'TestWriteStreamAfterConnectionClose',
      'TestNumStreamAfterClose',
      'TestRandomFrame',
      'TestWriteFrameInternal',
      'TestReadDeadline',
      'TestWriteDeadline',
      ...(version === 2 ? ofVersion2 : []),
    ],
    apart: {
      'the relay sends keep-alives itself, so that the client lives while its server is mute': [
        'TestKeepAliveTimeout',
        'TestKeepAliveBlockWriteTimeout',
      ],
      'speaks version 2, whatever the default': version === 1 ? ofVersion2 : [],
    },
    local: ['TestAllocGet', 'TestAllocPut', 'TestAllocPutThenGet', 'TestConfig', 'TestShaper'],
  };
}

describe.each([YAMUX, smuxSuite(1), smuxSuite(2)])('the tests of Go $title through a relay of rxmux', (suite) => {
  const { path, codec, passing, apart, local } = suite;

  describePeer(['go', path], 'as Debian has them', ({ go }) => {
    const lab = new Lab();
    let program: string;
    let env: Record<string, string>;
    beforeAll(async () => {
      program = await buildRelayedTests(lab, go, suite);
      const port = await lab.port((conns$) => [relay(codec, conns$)]);
      env = { RXMUX_RELAY: `127.0.0.1:${port}` };
    }, 180_000);
    afterAll(() => lab.down());

    test('are all named here', async () => {
      const { stdout } = await lab.run(program, ['-test.list', '^Test']);
      const found = stdout.split('\n').filter((name) => name !== '');
      expect(found.sort()).toEqual([...passing, ...Object.values(apart).flat(), ...local].sort());
    });

    test.each(passing)('%s passes', async (name) => {
      const args = ['-test.run', `^${name}$`, '-test.v', '-test.timeout', `${TEST_MS}ms`];
      const { code, stdout, stderr } = await lab.run(program, args, { env, timeoutMs: TEST_MS });
      expect([code, stdout + stderr]).toEqual([0, expect.stringContaining(`--- PASS: ${name} `)]);
    });
  });
});
