import { expect, jest, test } from '@jest/globals';
import { NOBODY, refusedPeek, refusedReading, secondReader } from '../../src/conn/reading.js';

const refusal = { code: 'ERR_MUX_SECOND_SUBSCRIBE', message: expect.stringContaining('connection 7') as unknown };

/** What a look at a connection gets. */
const looking = (): { bytes: jest.Mock; closed: jest.Mock } => ({ bytes: jest.fn(), closed: jest.fn() });

test('a second reader is refused as it begins to read, and not before', () => {
  const error = jest.fn();
  const reading = refusedReading({ ...NOBODY, error }, 7);
  reading.pause();
  reading.consumed(1);
  reading.cancel();
  expect(error).not.toHaveBeenCalled();
  reading.resume();
  expect(error.mock.calls).toEqual([[expect.objectContaining(refusal)]]);
});

test('a second look is refused after the call that asked for it', async () => {
  const handler = looking();
  refusedPeek(handler, 7);
  expect(handler.closed).not.toHaveBeenCalled();
  await Promise.resolve();
  expect([handler.closed.mock.calls, handler.bytes.mock.calls]).toEqual([[[expect.objectContaining(refusal)]], []]);
});

test('a second look that is dropped at once hears nothing of it', async () => {
  const handler = looking();
  refusedPeek(handler, 7).drop();
  await Promise.resolve();
  expect(handler.closed).not.toHaveBeenCalled();
});

test('the refusal is the mistake of a caller', () => {
  expect(secondReader(7)).toMatchObject({ name: 'UsageError', ...refusal });
});
