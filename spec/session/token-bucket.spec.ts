import { expect, test } from '@jest/globals';
import { TokenBucket } from '../../src/session/token-bucket.js';
import { yamux } from '../../src/wire/index.js';
import { hostile } from './abuse/hostile.js';

function bucketOf(
  burst: number,
  perSecond: number,
): { takes(times: number): number; at(ms: number): void; looks(): number } {
  let now = 1000;
  let looks = 0;
  const bucket = new TokenBucket({ burst, perSecond }, () => {
    looks++;
    return now;
  });
  return {
    takes: (times) => Array.from({ length: times }, () => bucket.take()).filter(Boolean).length,
    at: (ms) => (now = ms),
    looks: () => looks,
  };
}

test('a bucket gives its burst at once, then refuses', () => {
  expect(bucketOf(5, 10).takes(20)).toBe(5);
});

test('a bucket fills again by its rate, and never past its burst', () => {
  const bucket = bucketOf(5, 10);
  bucket.takes(5);
  bucket.at(1099);
  expect(bucket.takes(1)).toBe(0);
  bucket.at(1200);
  expect(bucket.takes(9)).toBe(2);
  bucket.at(1_000_000);
  expect(bucket.takes(9)).toBe(5);
});

test('a bucket takes back what was given, and never past its burst', () => {
  const bucket = new TokenBucket({ burst: 32, perSecond: 0 }, () => 0);
  const takes = (times: number): number => Array.from({ length: times }, () => bucket.take()).filter(Boolean).length;
  bucket.refund();
  expect(takes(40)).toBe(32);
  bucket.refund();
  expect(takes(5)).toBe(1);
  for (let n = 0; n < 100; n++) bucket.refund();
  expect(takes(100)).toBe(32);
});

test('a bucket that is looked at often earns as much as one that is left alone', () => {
  const bucket = bucketOf(1, 10);
  let taken = bucket.takes(1);
  for (let ms = 1001; ms <= 3000; ms++) {
    bucket.at(ms);
    taken += bucket.takes(1);
  }
  // Parts of a token add up, to the last of them by rounding.
  expect(taken).toBeGreaterThanOrEqual(20);
  expect(taken).toBeLessThanOrEqual(21);
});

test('a bucket asks for the time once for a sixteenth of its burst', () => {
  const bucket = bucketOf(1600, 1);
  bucket.takes(1600);
  // And once when it is made.
  expect(bucket.looks()).toBe(17);
});

test('session case 58: a clock that is set back gives a bucket nothing, and takes nothing', () => {
  const bucket = bucketOf(2, 10);
  bucket.takes(2);
  bucket.at(-3_600_000);
  expect(bucket.takes(1)).toBe(0);
  bucket.at(-3_600_000 + 100);
  expect(bucket.takes(2)).toBe(1);
});

test('a bucket that nobody asked for long gives its burst once, and not what it would have earned meanwhile', () => {
  const bucket = bucketOf(1000, 100);
  bucket.at(11_000);
  expect(bucket.takes(5000)).toBe(1000);
  bucket.at(11_010);
  expect(bucket.takes(5000)).toBe(1);
});

test('a bucket that was asked for one, then not for long, gives a sixteenth more than its burst at most', () => {
  const bucket = bucketOf(1600, 100);
  expect(bucket.takes(1)).toBe(1);
  bucket.at(60_000);
  expect(bucket.takes(5000)).toBeLessThanOrEqual(1700);
});

test('a session whose peer was silent for long takes a burst of pings, and not one more', async () => {
  const peer = hostile({ codec: yamux(), junkRate: { burst: 1000, perSecond: 100 } });
  await peer.clock.pass(60_000);
  for (let n = 0; n < 1000; n++) peer.send({ kind: 'ping', value: n });
  expect(peer.error()).toBeUndefined();
  peer.send({ kind: 'ping', value: 0 });
  expect(peer.error()?.code).toBe('ERR_MUX_CALM');
});
