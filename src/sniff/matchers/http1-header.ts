import { UsageError } from '../../errors.js';
import { fieldValueTest } from '../field-value.js';
import type { HeaderFields } from '../header-fields.js';
import { isToken, REQUEST_FIRST_BYTES, requestHead, unlessMalformed } from '../http1-head.js';
import { http1TooLong } from '../http1-too-long.js';
import { latin1, type Matcher } from '../matcher.js';
import type { Http1Meta } from './http1.js';

/** What {@link http1Header} learned. */
export interface Http1HeaderMeta extends Http1Meta {
  /** The header fields up to the one that matched, however many more had arrived. */
  readonly headers: HeaderFields;
}

/**
 * HTTP/1 with a header field: any of its lines may match, and the first that does decides, before the rest of the head
 * has come. The first *request* decides for the connection; later ones on it may have other fields.
 *
 * @param name - in any case
 * @param value - a string is compared without regard to case with the whole value and with each of its
 *   comma-separated elements, so `http1Header('connection', 'upgrade')` finds `keep-alive, Upgrade`; a RegExp is
 *   searched for in the whole value; left out, the field need only be there. `host` is compared in lower case and without a
 *   dot at the end of the name
 * @throws {@link UsageError} `ERR_MUX_OPTION` for a name that is no token (RFC 9110 §5.1)
 * @example
 * ```ts
 * const beta$ = listen({ port: 8080 }).pipe(sniff(http1Header('x-channel', 'beta'), http1()));
 * ```
 */
export function http1Header(name: string, value?: string | RegExp): Matcher<'http1', Http1HeaderMeta> {
  if (!isToken(name)) {
    throw new UsageError('ERR_MUX_OPTION', `'${name}' can't be the name of a header field, for example 'content-type'`);
  }
  const wanted = latin1(name.toLowerCase());
  const accepts = fieldValueTest(value, name);
  // One for each connection: fields before `next` did not match.
  const search = (): { next: number } => ({ next: 0 });
  return {
    protocol: 'http1',
    firstBytes: REQUEST_FIRST_BYTES,
    tooLong: http1TooLong,
    match(first) {
      const { bytes } = first;
      const head = first.parser(requestHead);
      const reading = head.readFields(bytes);
      const searched = first.parser(search);
      for (let at = head.indexOf(bytes, wanted, searched.next); at >= 0; at = head.indexOf(bytes, wanted, at + 1)) {
        if (!accepts(head.value(bytes, at))) continue;
        const { method, target, version } = head.requestLine(bytes);
        return { meta: { method, target, version, headers: head.fields(bytes, at + 1) } };
      }
      searched.next = head.fieldCount;
      // At the end of the head the field is missing for good.
      return reading === 'end' ? 'no' : unlessMalformed(reading, head);
    },
  };
}
