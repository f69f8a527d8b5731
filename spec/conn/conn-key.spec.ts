import { expect, test } from '@jest/globals';
import { Conn } from '../../src/conn/conn.js';
import { UsageError } from '../../src/errors.js';

test.each([[[]], [[1024]], [[Symbol('rxmux.conn')]]])('a class of a user that extends Conn is refused: %p', (args) => {
  const Open = Conn as unknown as new (...args: unknown[]) => object;
  class Mine extends Open {}
  expect(() => new Mine(...args)).toThrow(UsageError);
  expect(() => new Mine(...args)).toThrow(/make a Conn with fromDuplex, fromStreams or fromWebSocket/);
});
