import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { randomBytes } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import http from 'node:http';
import { join } from 'node:path';
import { proxyTo } from '../../src/serve/proxy-to.js';
import { toHttp } from '../../src/serve/to-http.js';
import { http1, mqtt } from '../../src/sniff/matchers/index.js';
import { partitionByProtocol } from '../../src/sniff/partition-by-protocol.js';
import { describePeer } from './peer.js';
import { freePort, Lab, type Program } from './run.js';

describePeer(
  ['mosquitto', 'mosquitto_pub', 'mosquitto_sub'],
  'mosquitto clients through rxmux to mosquitto',
  (paths) => {
    const lab = new Lab();
    let broker: Program;
    let port = 0;

    beforeAll(async () => {
      const brokerPort = await freePort();
      const config = join(lab.directory(), 'mosquitto.conf');
      writeFileSync(
        config,
        `listener ${brokerPort} 127.0.0.1\nallow_anonymous true\nuser root\nlog_dest stderr\nlog_type subscribe\n`,
      );
      broker = lab.start(paths.mosquitto, ['-c', config]);
      await broker.accepts({ port: brokerPort, host: '127.0.0.1' });
      port = await lab.port((conns$) => {
        const { broker: broker$, web } = partitionByProtocol(conns$, { broker: mqtt(), web: http1() });
        const page = toHttp(http.createServer((_request, response) => response.end('page')));
        return [broker$.subscribe(proxyTo({ port: brokerPort, host: '127.0.0.1' })), web.subscribe(page)];
      });
    });
    afterAll(() => lab.down());

    const at = (version: string, topic: string): string[] => [
      '-h',
      '127.0.0.1',
      '-p',
      String(port),
      '-V',
      version,
      '-q',
      '1',
      '-t',
      topic,
    ];

    test.each(['mqttv31', 'mqttv311', 'mqttv5'])('%s: what is published reaches a subscriber', async (version) => {
      const subscriber = lab.start(paths.mosquitto_sub, ['-C', '2', ...at(version, `news/${version}`)]);
      await broker.says(new RegExp(` 1 news/${version}$`, 'm'));
      for (const message of ['first', 'second']) {
        const outcome = await lab.run(paths.mosquitto_pub, [...at(version, `news/${version}`), '-m', message]);
        expect(outcome).toEqual({ code: 0, stdout: '', stderr: '' });
      }
      expect(await subscriber.ended).toEqual({ code: 0, stdout: 'first\nsecond\n', stderr: '' });
    });

    test('a message of 1 MB arrives intact, next to HTTP', async () => {
      const message = randomBytes(500_000).toString('hex');
      const sent = await lab.run(paths.mosquitto_pub, [...at('mqttv5', 'large'), '-r', '-s'], { input: message });
      expect(sent).toEqual({ code: 0, stdout: '', stderr: '' });
      expect(await (await fetch(`http://127.0.0.1:${port}/`)).text()).toBe('page');
      const { code, stdout } = await lab.run(paths.mosquitto_sub, [...at('mqttv5', 'large'), '-C', '1']);
      expect([code, stdout === `${message}\n`]).toEqual([0, true]);
    });
  },
);
