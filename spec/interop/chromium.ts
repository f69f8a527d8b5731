import { once } from 'node:events';
import { WebSocket } from 'ws';
import type { Lab, Program } from './run.js';

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

/** A page in a Chromium of its own. */
export class Page {
  readonly #program: Program;
  readonly #host: string;
  readonly #debuggerUrl: string;

  private constructor(program: Program, host: string, debuggerUrl: string) {
    this.#program = program;
    this.#host = host;
    this.#debuggerUrl = debuggerUrl;
  }

  static async open(lab: Lab, chromium: string, url: string): Promise<Page> {
    const program = lab.start(chromium, [...FLAGS, `--user-data-dir=${lab.directory()}`, url]);
    const [, host = ''] = await program.says(/DevTools listening on ws:\/\/([^/]+)/);
    return program.until(async () => {
      const targets = (await (await fetch(`http://${host}/json/list`)).json()) as readonly Target[];
      const page = targets.find(({ type }) => type === 'page');
      return page && new Page(program, host, page.webSocketDebuggerUrl);
    });
  }

  /** What `expression` is in the page, or what its promise resolves to. */
  async evaluate(expression: string): Promise<unknown> {
    const devtools = new WebSocket(this.#debuggerUrl);
    await once(devtools, 'open');
    const params = { expression, returnByValue: true, awaitPromise: true };
    devtools.send(JSON.stringify({ id: 1, method: 'Runtime.evaluate', params }));
    const [reply] = (await once(devtools, 'message')) as [Buffer];
    devtools.terminate();
    return (JSON.parse(reply.toString()) as Evaluated).result?.result.value;
  }

  /** What `expression` is in the page, once that is neither null nor undefined. */
  value(expression: string): Promise<unknown> {
    return this.#program.until(async () => (await this.evaluate(expression)) ?? undefined);
  }

  /** Opens another tab in front of it, which hides it. */
  async hide(): Promise<void> {
    await fetch(`http://${this.#host}/json/new?about:blank`, { method: 'PUT' });
    await this.value('document.hidden || undefined');
  }
}
