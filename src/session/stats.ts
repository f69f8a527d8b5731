import type { Core } from './core.js';

/** What a session has done and holds, at one moment. */
export interface SessionStats {
  /** Streams open now that the peer opened. */
  readonly inboundStreams: number;
  /** Streams open now that this end opened. */
  readonly outboundStreams: number;
  /** Streams opened by this end so far. */
  readonly opened: number;
  /** Streams of the peer accepted so far. */
  readonly accepted: number;
  /** Bytes received, headers included. */
  readonly bytesRead: number;
  /** Bytes handed to the connection, headers included. */
  readonly bytesWritten: number;
  /** Frames received; one that opens or ends a stream as it carries data counts for each. */
  readonly framesRead: number;
  /** Frames of data sent. */
  readonly dataFrames: number;
  /** Frames of credit sent. */
  readonly creditFrames: number;
  /** Writes to the connection. */
  readonly writes: number;
  /** Bytes received and unread, plus the growth of windows. */
  readonly heldBytes: number;
  /** Memory, in bytes, of what was written to streams and has not left. */
  readonly unsentBytes: number;
  /** The round trip in milliseconds, smoothed; absent before the first answer and where the wire has none. */
  readonly rttMs?: number;
}

/** The figures of a session now. */
export function statsOf({ table, writer, heartbeat, receiveRoom, ...counts }: Core): SessionStats {
  return {
    inboundStreams: table.inbound,
    outboundStreams: table.outbound,
    opened: counts.streamsOpened,
    accepted: counts.streamsAccepted,
    bytesRead: counts.bytesRead,
    bytesWritten: writer.bytesWritten,
    framesRead: counts.framesRead,
    dataFrames: writer.dataFrames,
    creditFrames: writer.creditFrames,
    writes: writer.writes,
    heldBytes: receiveRoom.heldBytes,
    unsentBytes: counts.sendRoom.usedBytes,
    ...(heartbeat.rttMs === undefined ? {} : { rttMs: heartbeat.rttMs }),
  };
}
