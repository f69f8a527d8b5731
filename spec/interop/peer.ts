import { describe, it } from '@jest/globals';
import { accessSync, constants, existsSync, readdirSync } from 'node:fs';
import { delimiter, join } from 'node:path';

/**
 * The real peers of the interop suite and the Debian packages that hold them; a name with a slash is a Go package, one that begins
 * with it the place of a library.
 */
const DEBIAN_PACKAGES = {
  '/usr/lib/python3/dist-packages/grpc': 'python3-grpcio',
  chromium: 'chromium',
  curl: 'curl',
  etcd: 'etcd-server',
  etcdctl: 'etcd-client',
  go: 'golang-go',
  'github.com/hashicorp/yamux': 'golang-github-hashicorp-yamux-dev',
  'github.com/inconshreveable/muxado': 'golang-github-inconshreveable-muxado-dev',
  'github.com/soheilhy/cmux': 'golang-github-soheilhy-cmux-dev',
  'github.com/xtaci/smux': 'golang-github-xtaci-smux-dev',
  'google.golang.org/grpc': 'golang-google-grpc-dev',
  h2load: 'nghttp2-client',
  haproxy: 'haproxy',
  initdb: 'postgresql',
  mosquitto: 'mosquitto',
  mosquitto_pub: 'mosquitto-clients',
  mosquitto_sub: 'mosquitto-clients',
  nghttp: 'nghttp2-client',
  openssl: 'openssl',
  postgres: 'postgresql',
  psql: 'postgresql-client',
  'redis-benchmark': 'redis-tools',
  'redis-cli': 'redis-tools',
  'redis-server': 'redis-server',
  ssh: 'openssh-client',
  'ssh-keygen': 'openssh-client',
  sshd: 'openssh-server',
  wrk: 'wrk',
} as const;

export type Peer = keyof typeof DEBIAN_PACKAGES;

const GO_SOURCES = '/usr/share/gocode/src';
const POSTGRES_VERSIONS = '/usr/lib/postgresql';

// Debian keeps servers where only root looks, and PostgreSQL's where nobody does.
const directories = [
  ...(process.env.PATH ?? '').split(delimiter),
  '/usr/sbin',
  ...(existsSync(POSTGRES_VERSIONS) ? readdirSync(POSTGRES_VERSIONS) : []).map((version) =>
    join(POSTGRES_VERSIONS, version, 'bin'),
  ),
];

function isThere(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

/** The path of a peer on this machine, if it is installed. */
export function peer(name: Peer): string | undefined {
  if (name.startsWith('/')) return isThere(name) ? name : undefined;
  return (name.includes('/') ? [GO_SOURCES] : directories).map((directory) => join(directory, name)).find(isThere);
}

/**
 * A `describe` that needs real peers; `body` gets the path of each. A missing one is a failed test where
 * `RXMUX_REQUIRE_PEERS=1` (CI), and a visibly skipped one elsewhere.
 */
export function describePeer<P extends Peer>(
  names: readonly P[],
  title: string,
  body: (paths: Readonly<Record<P, string>>) => void,
): void {
  const paths: Partial<Record<Peer, string>> = {};
  const missing: string[] = [];
  for (const name of names) {
    const path = peer(name);
    if (path === undefined) missing.push(`${name} (Debian package ${DEBIAN_PACKAGES[name]})`);
    else paths[name] = path;
  }
  describe(title, () => {
    if (missing.length === 0) {
      body(paths as Record<P, string>);
      return;
    }
    // On a machine without this peer the suite shows it as skipped. CI sets the variable, and there a missing peer fails.
    const report = process.env.RXMUX_REQUIRE_PEERS === '1' ? it : it.skip;
    report(`needs ${missing.join(', ')}`, () => {
      throw new Error(`not installed: ${missing.join(', ')}`);
    });
  });
}
