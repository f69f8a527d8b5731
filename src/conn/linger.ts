/**
 * The most bytes that a lingering close reads and drops before it closes the connection for good: 16 MiB.
 *
 * A socket that is closed with unread bytes is reset, and the reset overtakes our last bytes, so we read on until the peer ends. A peer
 * that sees the end stops writing. Bytes that can still come then are in buffers: 6 MiB at our end and 4 MiB at the peer's, by the
 * defaults of Linux (`tcp_rmem` and `tcp_wmem`, ip-sysctl), and in the queue of the peer's program. A peer that sends more ignores the
 * end. nginx and Apache bound the time alone (`lingering_time`, `MAX_SECS_TO_LINGER`), Go's net/http the bytes
 * (`maxPostHandlerReadBytes`, 256 KiB of a body).
 */
export const LINGER_BYTES = 16 << 20;
