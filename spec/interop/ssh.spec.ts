import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { createHash, randomBytes } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import http from 'node:http';
import { join } from 'node:path';
import { proxyTo } from '../../src/serve/proxy-to.js';
import { toHttp } from '../../src/serve/to-http.js';
import { http1, ssh as sshMatcher } from '../../src/sniff/matchers/index.js';
import { partitionByProtocol } from '../../src/sniff/partition-by-protocol.js';
import { describePeer } from './peer.js';
import { Lab } from './run.js';
import { startSshd, type Sshd } from './sshd.js';

const sha256 = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');

describePeer(['ssh', 'ssh-keygen', 'sshd'], 'ssh through rxmux to sshd', (paths) => {
  const lab = new Lab();
  let sshd: Sshd;
  let port = 0;

  beforeAll(async () => {
    sshd = await startSshd(lab, paths);
    port = await lab.port((conns$) => {
      const { shell, web } = partitionByProtocol(conns$, { shell: sshMatcher(), web: http1() });
      const page = toHttp(http.createServer((_request, response) => response.end('page')));
      return [shell.subscribe(proxyTo({ port: sshd.port, host: '127.0.0.1' })), web.subscribe(page)];
    });
  });
  afterAll(() => lab.down());

  test('a command runs, and its output and exit code come back', async () => {
    const { code, stdout, stderr } = await sshd.ssh(port, 'echo out; echo err >&2; exit 42');
    expect({ code, stdout, stderr }).toEqual({ code: 42, stdout: 'out\n', stderr: 'err\n' });
  });

  test('5 MB go there and come back intact', async () => {
    const bytes = randomBytes(5_000_000);
    const file = join(lab.directory(), 'copy');
    const there = await sshd.ssh(port, `cat > ${file}`, { input: bytes });
    expect([there.code, sha256(readFileSync(file))]).toEqual([0, sha256(bytes)]);
    writeFileSync(file, bytes.toString('hex'));
    const back = await sshd.ssh(port, `cat ${file}`);
    expect([back.code, back.stdout === bytes.toString('hex')]).toEqual([0, true]);
  });

  test('five sessions run at once, with HTTP beside them', async () => {
    const page = fetch(`http://127.0.0.1:${port}/`).then((response) => response.text());
    const sessions = await Promise.all(
      Array.from({ length: 5 }, (_, n) => sshd.ssh(port, `cat; echo ${n}`, { input: 'in ' })),
    );
    expect(sessions.map(({ code, stdout }) => [code, stdout])).toEqual(
      Array.from({ length: 5 }, (_, n) => [0, `in ${n}\n`]),
    );
    expect(await page).toBe('page');
  });
});
