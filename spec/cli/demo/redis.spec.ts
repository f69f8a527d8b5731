import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { Redis } from '../../../src/cli/demo/redis.js';

function talk(pieces: readonly string[]): { text: string; last: boolean } {
  const redis = new Redis();
  const replies = pieces.map((piece) => redis.push(Buffer.from(piece, 'latin1')));
  return {
    text: replies.map(({ bytes }) => Buffer.from(bytes).toString('latin1')).join(''),
    last: replies.some(({ last }) => last),
  };
}

describe('the demo Redis', () => {
  it.each([
    ['PING\r\n', '+PONG\r\n'],
    ['ping\n', '+PONG\r\n'],
    ['*1\r\n$4\r\nPING\r\n', '+PONG\r\n'],
    ['*2\r\n$4\r\nPING\r\n$2\r\nhi\r\n*1\r\n$4\r\nping\r\n', '$2\r\nhi\r\n+PONG\r\n'],
    ['*2\r\n$7\r\nCOMMAND\r\n$4\r\nDOCS\r\n', '-ERR this demo knows only PING and QUIT\r\n'],
  ])('answers %j however it is cut', (command, reply) => {
    for (let k = 0; k <= command.length; k++)
      expect(talk([command.slice(0, k), command.slice(k)])).toEqual({ text: reply, last: false });
  });

  it('closes after QUIT and after what can not be a command', () => {
    expect(talk(['QUIT\r\n'])).toEqual({ text: '+OK\r\n', last: true });
    for (const bad of ['*99999\r\n', '*1\r\n$99999\r\n', '*1\r\n+x\r\n', 'x'.repeat(5000)]) {
      expect(talk([bad])).toEqual({ text: '-ERR Protocol error\r\n', last: true });
    }
  });

  it('never throws, and never holds more than it must', () => {
    fc.assert(
      fc.property(fc.array(fc.uint8Array({ maxLength: 64 }), { maxLength: 20 }), (pieces) => {
        const redis = new Redis();
        for (const piece of pieces) expect(redis.push(piece).bytes).toBeInstanceOf(Uint8Array);
      }),
    );
  });
});
