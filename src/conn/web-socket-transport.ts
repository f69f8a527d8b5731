/** What a message that arrived holds: an ArrayBuffer, or a string for text. */
export interface WebSocketMessage {
  /** ArrayBuffer, or string. */
  readonly data: unknown;
}

/** How a WebSocket ended (RFC 6455 section 7.1.5). */
export interface WebSocketEnd {
  /** 1000 to 4999; 1005 for a close without a code, 1006 for an end without a close. */
  readonly code: number;
  /** The peer's words, at most 123 bytes. */
  readonly reason: string;
}

/** Why a WebSocket failed, where it tells: those of browsers don't. */
export interface WebSocketFailure {
  /** In words. */
  readonly message?: string;
  /** What was thrown. */
  readonly error?: unknown;
}

/** What is needed of a WebSocket to carry bytes: a browser's, Node's, or one of `ws`. */
export interface WebSocketTransport {
  /** Set to `'arraybuffer'`. */
  binaryType: string;
  /** 0 connecting, 1 open, 2 closing, 3 closed. */
  readonly readyState: number;
  /** Bytes that wait in it to be sent. */
  readonly bufferedAmount: number;
  /** Where it was connected to. */
  readonly url?: string;
  /** Sends a binary message; browsers refuse shared memory. One of `ws` calls `done` when it has sent it, or never will. */
  send(bytes: Uint8Array<ArrayBuffer>, done?: (error?: Error) => void): void;
  /** Begins the closing handshake, once all is sent; RFC 6455 section 7.1.2. */
  close(code?: number): void;
  /** Ends it without the closing handshake; `ws` has it. */
  terminate?(): void;
  /** Holds the peer back; `ws` has it. */
  pause?(): void;
  /** Goes on after `pause`. */
  resume?(): void;
  /** The handshake is done. */
  addEventListener(type: 'open', listener: () => void): void;
  /** A message came, whole. */
  addEventListener(type: 'message', listener: (message: WebSocketMessage) => void): void;
  /** It is over. */
  addEventListener(type: 'close', listener: (end: WebSocketEnd) => void): void;
  /** It failed; `'close'` follows. */
  addEventListener(type: 'error', listener: (failure: WebSocketFailure) => void): void;
}
