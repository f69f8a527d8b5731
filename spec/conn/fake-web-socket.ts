import type { WebSocketEnd, WebSocketTransport } from '../../src/conn/web-socket-transport.js';

interface Events {
  readonly open: object;
  readonly message: { readonly data: unknown };
  readonly close: WebSocketEnd;
  readonly error: { readonly message?: string; readonly error?: unknown };
}

/** A WebSocket as browsers have it, moved by hand. */
export class FakeWebSocket implements WebSocketTransport {
  binaryType = 'blob';
  bufferedAmount = 0;
  readonly url: string;
  /** What `close` was called with. */
  closedWith: (number | undefined)[] = [];
  readonly sent: Uint8Array[] = [];
  /** What `send` was to call once each message has left. */
  readonly callbacks: unknown[] = [];
  onSend: ((bytes: Uint8Array) => void) | undefined;
  onClose: ((code: number) => void) | undefined;
  readonly #listeners: { readonly type: string; readonly listener: (event: never) => void }[] = [];

  constructor(
    public readyState = 1,
    url = 'ws://fake/',
  ) {
    this.url = url;
  }

  addEventListener(type: string, listener: (event: never) => void): void {
    this.#listeners.push({ type, listener });
  }

  emit<T extends keyof Events>(type: T, event: Events[T]): void {
    if (type === 'open') this.readyState = 1;
    if (type === 'close') this.readyState = 3;
    for (const { type: wanted, listener } of this.#listeners) if (wanted === type) listener(event as never);
  }

  /** A binary message comes in. */
  receive(bytes: Uint8Array): void {
    this.emit('message', { data: Uint8Array.from(bytes).buffer });
  }

  send(bytes: Uint8Array, callback?: unknown): void {
    if (this.readyState === 0) throw new Error('send() of a WebSocket that is not open');
    this.sent.push(bytes);
    this.callbacks.push(callback);
    this.onSend?.(bytes);
  }

  close(code?: number): void {
    if (this.readyState >= 2) return;
    this.readyState = 2;
    this.closedWith.push(code);
    this.onClose?.(code ?? 1005);
  }

  get text(): string {
    return Buffer.concat(this.sent).toString();
  }
}

/** One that can be held back and cut off, as those of `ws` can. */
export class FakeNodeWebSocket extends FakeWebSocket {
  readonly calls: string[] = [];
  pause(): void {
    this.calls.push('pause');
  }
  resume(): void {
    this.calls.push('resume');
  }
  terminate(): void {
    this.calls.push('terminate');
  }
}

/** What is sent at one comes in at the other, cut and merged as `reshape` says; never within the call. */
export function joined(reshape: (messages: Uint8Array[]) => Uint8Array[]): readonly [FakeWebSocket, FakeWebSocket] {
  const near = new FakeWebSocket();
  const far = new FakeWebSocket();
  for (const [from, to] of [
    [near, far],
    [far, near],
  ] as const) {
    from.onClose = (code) => {
      setImmediate(() => {
        for (const socket of [near, far]) socket.emit('close', { code, reason: '' });
      });
    };
    let waiting: Uint8Array[] = [];
    from.onSend = (bytes) => {
      waiting.push(bytes);
      if (waiting.length > 1) return;
      setImmediate(() => {
        const messages = reshape(waiting);
        waiting = [];
        for (const message of messages) to.receive(message);
      });
    };
  }
  return [near, far];
}
