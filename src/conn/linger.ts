/**
 * Bytes that are read and dropped behind our last words, before the connection is closed for good: 16 MiB.
 *
 * A socket that is closed with unread bytes is reset, and the reset overtakes what we said last, so we read on until the peer ends. One
 * that hears of the end stops writing. What may still come then is in buffers: 6 MiB at our end and 4 MiB at the peer's, where Linux
 * has its defaults (`tcp_rmem` and `tcp_wmem`, ip-sysctl), and what the peer's program has queued. A peer that sends more does not
 * listen. nginx and Apache bound the time alone (`lingering_time`, `MAX_SECS_TO_LINGER`), Go's net/http the bytes
 * (`maxPostHandlerReadBytes`, 256 KiB of a body).
 */
export const LINGER_BYTES = 16 << 20;
