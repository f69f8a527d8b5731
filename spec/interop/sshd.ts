import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { userInfo } from 'node:os';
import { join } from 'node:path';
import { freePort, type Lab, type Outcome, type RunOptions } from './run.js';

/** A real SSH server with keys of its own, and the client that trusts it and may log in. */
export interface Sshd {
  readonly port: number;
  /** Runs `command` over SSH, through whatever listens on `port`. */
  ssh(port: number, command: string, options?: RunOptions): Promise<Outcome>;
}

export async function startSshd(
  lab: Lab,
  paths: Readonly<Record<'ssh' | 'ssh-keygen' | 'sshd', string>>,
): Promise<Sshd> {
  const directory = lab.directory();
  const file = (name: string, content?: string): string => {
    const path = join(directory, name);
    if (content !== undefined) writeFileSync(path, content, { mode: 0o600 });
    return path;
  };
  const keyPair = async (name: string): Promise<string> => {
    await lab.run(paths['ssh-keygen'], ['-q', '-t', 'ed25519', '-N', '', '-C', name, '-f', file(name)]);
    return `${file(name)}.pub`;
  };
  const [hostKey, userKey] = [await keyPair('host'), await keyPair('user')];
  // As root sshd wants this directory, which else the service makes.
  if (process.getuid?.() === 0) mkdirSync('/run/sshd', { recursive: true, mode: 0o755 });
  const config = file(
    'sshd_config',
    [
      `HostKey ${file('host')}`,
      `AuthorizedKeysFile ${userKey}`,
      'StrictModes no',
      'PasswordAuthentication no',
      'PidFile none',
    ].join('\n'),
  );
  const port = await freePort();
  const server = lab.start(paths.sshd, ['-D', '-e', '-f', config, '-o', 'ListenAddress=127.0.0.1', '-p', String(port)]);
  await server.says(/Server listening/);

  const settings = [
    'BatchMode=yes',
    'StrictHostKeyChecking=yes',
    'HostKeyAlias=rxmux',
    `UserKnownHostsFile=${file('known_hosts', `rxmux ${readFileSync(hostKey, 'utf8')}`)}`,
  ].flatMap((setting) => ['-o', setting]);
  const login = ['-F', 'none', '-i', file('user'), '-l', userInfo().username, ...settings];
  return {
    port,
    ssh: (through, command, options) =>
      lab.run(paths.ssh, [...login, '-p', String(through), '127.0.0.1', command], options),
  };
}
