/**
 * Imports point one way: printable, errors, bytes <- wire, conn, flow <- session, sniff <- net, serve <- observe <- dashboard <- cli.
 * Each room of src lists the rooms it may import besides itself; what is not listed is an error, and so is a new room.
 */
const pure = ['printable', 'errors', 'bytes'];
const mayImport = {
  printable: [],
  errors: ['printable'],
  bytes: ['printable', 'errors'],
  wire: pure,
  conn: pure,
  flow: [...pure, 'conn'],
  session: [...pure, 'wire', 'conn', 'flow'],
  sniff: [...pure, 'conn', 'flow'],
  net: [...pure, 'wire', 'conn', 'flow', 'session', 'sniff'],
  serve: [...pure, 'conn', 'flow', 'session', 'sniff', 'net'],
  observe: [...pure, 'conn', 'flow', 'session', 'sniff', 'net', 'serve'],
  dashboard: [...pure, 'conn', 'flow', 'session', 'sniff', 'net', 'serve', 'observe'],
  cli: [...pure, 'wire', 'conn', 'flow', 'session', 'sniff', 'net', 'serve', 'observe', 'dashboard'],
  index: [...pure, 'wire', 'conn', 'flow', 'session', 'sniff', 'net', 'serve', 'observe', 'dashboard'],
  browser: [...pure, 'wire', 'conn', 'flow', 'session'],
  testing: [...pure, 'wire', 'conn', 'flow', 'session', 'sniff'],
};
/** Where an import must be `import type`. */
const typesOnly = { session: ['wire'], serve: ['session', 'sniff'] };
/** What of a room may be imported all the same: it knows no protocol by name. */
const neutral = '^src/wire/(encode-frame|frame-tap)[.]ts$';
const knowNode = ['net', 'serve', 'dashboard', 'cli'];
const nameDuplex = ['conn', 'testing'];

const room = (...names) => `^src/(${names.join('|')})(/|[.]ts$)`;
const optionalPeers = '^(node_modules/)?(@types/)?(@grpc/grpc-js|@grpc/proto-loader|ws|undici|selfsigned)(/|$)';
const rule = (name, from, to) => ({ name, severity: 'error', from, to });

module.exports = {
  forbidden: [
    ...Object.entries(mayImport).map(([name, others]) =>
      rule(`${name}-imports`, { path: room(name) }, { path: '^src/', pathNot: room(name, ...others) }),
    ),
    ...Object.entries(typesOnly).map(([name, others]) =>
      rule(
        `${name}-imports-types`,
        { path: room(name) },
        { path: room(...others), pathNot: neutral, dependencyTypesNot: ['type-only'] },
      ),
    ),
    // A file outside every room could import anything.
    rule('no-unknown-room', { path: '^src/', pathNot: room(...Object.keys(mayImport)) }, {}),
    rule('no-cycle', { path: '^src/' }, { circular: true }),
    rule('no-node', { path: '^src/', pathNot: room(...knowNode, ...nameDuplex) }, { dependencyTypes: ['core'] }),
    // Conn has to name the type that duplex() gives; an erased import leaves nothing of Node in a browser bundle.
    rule(
      'duplex-type-only',
      { path: room(...nameDuplex) },
      { dependencyTypes: ['core'], dependencyTypesNot: ['type-only'] },
    ),
    rule('duplex-only', { path: room(...nameDuplex) }, { dependencyTypes: ['core'], pathNot: '^stream$' }),
    rule('no-rxjs', { path: room(...pure, 'wire') }, { path: '(^|/)rxjs(/|$)' }),
    // The library takes a user's gRPC or WebSocket server as an argument; only the CLI's demo brings its own.
    rule('optional-peers-in-cli', { path: '^src/', pathNot: room('cli') }, { path: optionalPeers }),
    rule(
      'declared-packages',
      { path: '^src/' },
      { dependencyTypes: ['npm-dev', 'npm-no-pkg', 'npm-unknown'], dependencyTypesNot: ['npm', 'npm-peer'] },
    ),
    rule('resolvable', { path: '^src/' }, { couldNotResolve: true }),
  ],
  options: {
    tsConfig: { fileName: 'tsconfig.json' },
    tsPreCompilationDeps: true,
    doNotFollow: { path: 'node_modules' },
    enhancedResolveOptions: { exportsFields: ['exports'], conditionNames: ['import', 'node', 'types', 'default'] },
  },
};
