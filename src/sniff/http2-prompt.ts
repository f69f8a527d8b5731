import { UsageError } from '../errors.js';
import { framesFrom, FrameType, HTTP2_PREFACE, isSettingsAck } from './http2-frame.js';
import { matchPrefix, type Prompt, type PromptFilter } from './matcher.js';

const EMPTY_SETTINGS = Uint8Array.of(0, 0, 0, FrameType.settings, 0, 0, 0, 0, 0);
const NONE = new Uint8Array(0);

// Longer than the gap between two packets of one flight, short beside a round trip.
const AFTER_MS = 5;
const AFTER_MS_LIMIT = 1000;

/**
 * The SETTINGS that gRPC clients wait for before their first request. It is empty, so it changes nothing that the real
 * server could contradict; its acknowledgement must not reach that server, which would end the connection over it
 * (RFC 9113 §6.5).
 *
 * @param afterMs - milliseconds of silence that show a client to be waiting; 0 to 1000, default 5
 * @throws {@link UsageError} `ERR_MUX_OPTION` for a value out of range
 */
export function http2Prompt(afterMs: number = AFTER_MS): Prompt {
  if (!Number.isInteger(afterMs) || afterMs < 0 || afterMs > AFTER_MS_LIMIT) {
    throw new UsageError(
      'ERR_MUX_OPTION',
      `settingsAfterMs is a whole number from 0 to ${AFTER_MS_LIMIT}, not ${afterMs}`,
    );
  }
  return {
    afterMs,
    bytes: EMPTY_SETTINGS,
    isAwaited: awaitsSettings,
    isAnswered: (first) => first.parser(searchForAck).found(first.bytes),
    filter: dropFirstSettingsAck,
  };
}

// A client that waits has sent its SETTINGS, begun no request, and is not in the middle of a frame.
function awaitsSettings(bytes: Uint8Array): boolean {
  if (matchPrefix(bytes, HTTP2_PREFACE) !== 'match') return false;
  let settings = false;
  let at = HTTP2_PREFACE.length;
  for (const { type, end } of framesFrom(bytes, at)) {
    if (type === FrameType.headers) return false;
    settings ||= type === FrameType.settings;
    at = end;
  }
  return settings && at === bytes.length;
}

// Goes on behind the last frame that it saw: a client may send 16 KiB of frames, a byte at a time, and never the answer.
class AckSearch {
  #at = HTTP2_PREFACE.length;
  #isFound = false;

  found(bytes: Uint8Array): boolean {
    for (const frame of framesFrom(bytes, this.#at)) {
      this.#isFound ||= isSettingsAck(frame);
      this.#at = frame.end;
    }
    return this.#isFound;
  }
}

const searchForAck = (): AckSearch => new AckSearch();

/**
 * Passes on all bytes of a client, from the very first, but its first SETTINGS acknowledgement; holds back at most 8 bytes,
 * the beginning of a frame header.
 */
export function dropFirstSettingsAck(): PromptFilter {
  return new SettingsAckFilter();
}

class SettingsAckFilter implements PromptFilter {
  done = false;
  // Bytes up to the next frame header.
  #skip = HTTP2_PREFACE.length;
  #held = NONE;

  push(chunk: Uint8Array): Uint8Array {
    if (this.done) return chunk;
    const bytes = joined(this.#held, chunk);
    let at = this.#skip;
    for (const frame of framesFrom(bytes, at)) {
      if (isSettingsAck(frame)) {
        this.done = true;
        this.#held = NONE;
        return joined(bytes.subarray(0, frame.start), bytes.subarray(frame.end));
      }
      at = frame.end;
    }
    // A copy: what is lent may be a Buffer, whose slice is none.
    this.#held = new Uint8Array(bytes.subarray(at));
    this.#skip = Math.max(0, at - bytes.length);
    return bytes.subarray(0, at);
  }

  flush(): Uint8Array {
    const held = this.#held;
    this.#held = NONE;
    return held;
  }
}

function joined(a: Uint8Array, b: Uint8Array): Uint8Array {
  if (a.length === 0) return b;
  const bytes = new Uint8Array(a.length + b.length);
  bytes.set(a);
  bytes.set(b, a.length);
  return bytes;
}
