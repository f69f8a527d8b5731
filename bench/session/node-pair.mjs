import { join } from 'node:path';
import { Child, LOAD_CORE, SERVER_CORE } from '../lib/child.mjs';
import { startLink } from './link.mjs';

/** A server and a client in Node.js, each a process of its own. */
export class NodePair {
  #server;
  #link;
  #client;

  /**
   * @param how - what the server does with streams: `serve` them, or `hold` them
   * @param roundTripMs - of a link between them; without it there is none
   * @param bench - the `bench/` folder whose scripts are run; this one unless given
   */
  static async start(named, { how = 'serve', roundTripMs, bench = '' }) {
    const pair = new NodePair();
    pair.#server = await Child.startScript(SERVER_CORE, join(bench, 'session/node/server.mjs'), how, ...named);
    try {
      if (roundTripMs !== undefined) pair.#link = await startLink(pair.#server.ready.port, roundTripMs);
      const port = String((pair.#link ?? pair.#server).ready.port);
      pair.#client = await Child.startScript(LOAD_CORE, join(bench, 'session/node/client.mjs'), port, ...named);
    } catch (error) {
      await pair.stop();
      throw error;
    }
    return pair;
  }

  /** Has the client do one of its works (`node/client.mjs`). */
  run(...work) {
    return this.#client.ask(...work);
  }

  /** Bytes that both processes hold, and how many streams the server has seen. */
  async held() {
    const [server, client] = [await this.#server.ask('memory'), await this.#client.ask('memory')];
    return { server, client, ...(await this.#server.ask('channels')) };
  }

  async stop() {
    await this.#client?.stop();
    await this.#link?.stop();
    await this.#server.stop();
  }
}
