// node bench/session/node/client.mjs PORT PEER …: the other end of the traffic; see answering.mjs.
import '../../lib/lived-in.mjs';
import { createHash, randomBytes } from 'node:crypto';
import { setTimeout as elapsed } from 'node:timers/promises';
import { answering } from '../../lib/answering.mjs';
import { memory, peer } from './peer.mjs';
import { CHUNK, echoHeader, MESSAGE, sinkHeader, sourceHeader } from './traffic.mjs';

const SLOW_PAUSE_MS = 20;
const ENDLESS = 2 ** 50;

const [port, ...named] = process.argv.slice(2);
// Nothing may fail: whoever asked is left without an answer, and says so.
const fail = (error) => {
  process.stderr.write(`${named.join(' ')}: ${error.message}\n`);
  process.exit(1);
};
process.on('uncaughtException', fail);
const connection = await (await peer(...named)).connect(Number(port), fail);

const seconds = (since) => (performance.now() - since) / 1000;
const ignore = () => {};

/** The middle and the tail of as many as were measured, in microseconds. */
function percentiles(micros) {
  const sorted = Float64Array.from(micros).sort();
  return { p50Micros: sorted[sorted.length >> 1], p99Micros: sorted[Math.floor(sorted.length * 0.99)] };
}

/** Gives `size` bytes in chunks, then nothing. */
function chunksOf(size) {
  let left = size;
  return () => {
    if (left === 0) return undefined;
    const chunk = left >= CHUNK.length ? CHUNK : CHUNK.subarray(0, left);
    left -= chunk.length;
    return chunk;
  };
}

/** Sends to the other end until that has read all; over when it said so. */
const sink = (size) =>
  new Promise((resolve) => {
    connection.open((channel) => {
      channel.receive(() => {
        channel.end();
        resolve();
      }, ignore);
      channel.send(sinkHeader(size));
      channel.sendAll(chunksOf(size));
    });
  });

/** `bytes` over so many streams at once. */
async function bulk(streams, bytes) {
  const share = Math.ceil(bytes / streams);
  const start = performance.now();
  await Promise.all(Array.from({ length: streams }, () => sink(share)));
  return { rate: (share * streams) / 1e6 / seconds(start) };
}

/** Opens streams, has a message echoed on each and ends it, so many at a time. */
function open(count, concurrency) {
  const first = Buffer.concat([echoHeader, MESSAGE]);
  const start = performance.now();
  let opened = 0;
  let ended = 0;
  return new Promise((resolve) => {
    const one = (channel) => {
      let left = MESSAGE.length;
      channel.receive((chunk) => {
        left -= chunk.length;
        if (left > 0) return;
        channel.end();
        if (++ended === count) resolve({ rate: count / seconds(start) });
        else next();
      }, ignore);
      channel.send(first);
    };
    const next = () => {
      if (opened++ < count) connection.open(one);
    };
    for (let i = 0; i < concurrency; i++) next();
  });
}

/** Has a message echoed again and again on one stream, for as long as `goesOn` says; gives microseconds of each. */
const echoes = (goesOn) =>
  new Promise((resolve) => {
    connection.open((channel) => {
      const micros = [];
      let left = MESSAGE.length;
      let sent = performance.now();
      channel.receive((chunk) => {
        left -= chunk.length;
        if (left > 0) return;
        const now = performance.now();
        micros.push((now - sent) * 1000);
        if (!goesOn(micros.length)) {
          channel.end();
          resolve(micros);
          return;
        }
        left = MESSAGE.length;
        sent = now;
        channel.send(MESSAGE);
      }, ignore);
      channel.send(Buffer.concat([echoHeader, MESSAGE]));
    });
  });

async function pingPong(rounds) {
  const start = performance.now();
  const micros = await echoes((done) => done < rounds);
  return { rate: rounds / seconds(start), ...percentiles(micros) };
}

/** The same, beside streams that carry as much as they can. */
async function pingPongBeside(streams, warmUpSeconds, forSeconds) {
  let sentBytes = 0;
  const endless = () => {
    sentBytes += CHUNK.length;
    return CHUNK;
  };
  for (let i = 0; i < streams; i++) {
    connection.open((channel) => {
      channel.receive(ignore, ignore);
      channel.send(sinkHeader(ENDLESS));
      channel.sendAll(endless);
    });
  }
  await elapsed(warmUpSeconds * 1000);
  const [start, before] = [performance.now(), sentBytes];
  const micros = await echoes(() => seconds(start) < forSeconds);
  return { rate: (sentBytes - before) / 1e6 / seconds(start), ...percentiles(micros) };
}

/** What fast readers get, first alone, then beside one that hardly reads. */
async function fastBesideSlow(streams, warmUpSeconds, forSeconds) {
  let bytes = 0;
  const download = (read) =>
    connection.open((channel) => {
      read(channel);
      channel.send(sourceHeader);
    });
  const rate = async () => {
    await elapsed(warmUpSeconds * 1000);
    const [start, before] = [performance.now(), bytes];
    await elapsed(forSeconds * 1000);
    return (bytes - before) / 1e6 / seconds(start);
  };
  const count = (chunk) => (bytes += chunk.length);
  for (let i = 0; i < streams; i++) download((channel) => channel.receive(count, ignore));
  // Once for nothing: whoever is still getting faster would keep more than all of it.
  await rate();
  const alone = await rate();
  download((channel) => channel.receiveSlowly(SLOW_PAUSE_MS));
  const beside = await rate();
  return { alone, beside, share: beside / alone };
}

/** Opens streams that then only are there, a message of each side later. */
async function holdOpen(count) {
  let left = count * MESSAGE.length;
  await new Promise((resolve) => {
    const arrived = (chunk) => {
      left -= chunk.length;
      if (left === 0) resolve();
    };
    for (let i = 0; i < count; i++) {
      connection.open((channel) => {
        channel.receive(arrived, ignore);
        channel.send(MESSAGE);
      });
    }
  });
  return {};
}

/** Has random bytes echoed, and compares their hashes: whoever is measured does deliver. */
async function check(chunks) {
  const [sent, back] = [createHash('sha256'), createHash('sha256')];
  const size = 50_000;
  await new Promise((resolve) => {
    connection.open((channel) => {
      let left = 0;
      let sendings = 0;
      const send = () => {
        const bytes = randomBytes(size);
        sent.update(bytes);
        left = size;
        channel.send(bytes);
      };
      channel.receive((chunk) => {
        back.update(chunk);
        left -= chunk.length;
        if (left > 0) return;
        if (++sendings < chunks) send();
        else {
          channel.end();
          resolve();
        }
      }, ignore);
      channel.send(echoHeader);
      send();
    });
  });
  if (sent.digest('hex') !== back.digest('hex')) fail(new Error('other bytes came back'));
  return {};
}

const numbered =
  (work) =>
  (...args) =>
    work(...args.map(Number));
const works = { bulk, open, pingPong, pingPongBeside, fastBesideSlow, holdOpen, check };
answering({}, { memory, ...Object.fromEntries(Object.entries(works).map(([name, work]) => [name, numbered(work)])) });
