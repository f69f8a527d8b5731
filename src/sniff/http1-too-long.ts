import { requestHead } from './http1-head.js';
import { latin1, type FirstBytes } from './matcher.js';

const URI_TOO_LONG = refusal('414 URI Too Long');
const FIELDS_TOO_LARGE = refusal('431 Request Header Fields Too Large');

/** The answer to an HTTP/1 request whose request line (RFC 9110 §15.5.15) or head (RFC 6585 §5) is too long to be routed. */
export function http1TooLong(first: FirstBytes): Uint8Array | undefined {
  const head = first.parser(requestHead);
  const line = head.readLine(first.bytes, 'HTTP');
  if (line === 'more') return head.isHttp ? URI_TOO_LONG : undefined;
  return line === 'end' && head.readFields(first.bytes) === 'more' ? FIELDS_TOO_LARGE : undefined;
}

function refusal(status: string): Uint8Array {
  return latin1(`HTTP/1.1 ${status}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`);
}
