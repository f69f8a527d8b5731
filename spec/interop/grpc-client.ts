import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Lab } from './run.js';

const SOURCE = fileURLToPath(new URL('./go/grpc-client/main.go', import.meta.url));
const BUILD_MS = 150_000;

/** Compiles the Go client of the gRPC health service; gives the path of the program. */
export async function buildGrpcClient(lab: Lab, go: string): Promise<string> {
  const program = join(lab.directory(), 'grpc-client');
  const env = { GO111MODULE: 'off', GOPATH: '/usr/share/gocode' };
  const { code, stderr } = await lab.run(go, ['build', '-o', program, SOURCE], { env, timeoutMs: BUILD_MS });
  if (code !== 0) throw new Error(`go build failed:\n${stderr}`);
  return program;
}
