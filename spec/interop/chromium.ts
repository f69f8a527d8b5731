import { once } from 'node:events';
import { WebSocket } from 'ws';
import type { Lab } from './run.js';

// It asks nobody but the page's server, and says nothing to a desktop.
const FLAGS = [
  '--headless',
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--disable-dev-shm-usage',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
  '--remote-debugging-port=0',
];

interface Target {
  readonly type: string;
  readonly webSocketDebuggerUrl: string;
}

/** The reply to `Runtime.evaluate`; without a result while the page is being loaded. */
interface Evaluated {
  readonly result?: { readonly result: { readonly value?: unknown } };
}

/** Opens a page in Chromium and gives what `expression` is there, once that is neither null nor undefined. */
export async function valueInPage(lab: Lab, chromium: string, url: string, expression: string): Promise<unknown> {
  const program = lab.start(chromium, [...FLAGS, `--user-data-dir=${lab.directory()}`, url]);
  const [, host = ''] = await program.says(/DevTools listening on ws:\/\/([^/]+)/);
  return program.until(async () => {
    const targets = (await (await fetch(`http://${host}/json/list`)).json()) as readonly Target[];
    const page = targets.find(({ type }) => type === 'page');
    return page && ((await evaluate(page.webSocketDebuggerUrl, expression)) ?? undefined);
  });
}

async function evaluate(debuggerUrl: string, expression: string): Promise<unknown> {
  const devtools = new WebSocket(debuggerUrl);
  await once(devtools, 'open');
  devtools.send(JSON.stringify({ id: 1, method: 'Runtime.evaluate', params: { expression, returnByValue: true } }));
  const [reply] = (await once(devtools, 'message')) as [Buffer];
  devtools.terminate();
  return (JSON.parse(reply.toString()) as Evaluated).result?.result.value;
}
