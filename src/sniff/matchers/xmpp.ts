import { canonicalHost } from '../../conn/host-name.js';
import { literal, matchGrammar, type Grammar, type Phrase } from '../grammar.js';
import type { Matcher } from '../matcher.js';

/** What {@link xmpp} tells. */
export interface XmppMeta {
  /** Who opens the stream: a client, or another server. */
  readonly from: 'client' | 'server';
  /** The domain asked for, lower-case and without a dot at its end; absent when the stream names none. Text of a stranger. */
  readonly to?: string;
}

const SPACE = 0x20;
const WHITESPACE: readonly number[] = [SPACE, 0x09, 0x0a, 0x0d];
const LESS = 0x3c;
const GREATER = 0x3e;
const QUESTION = 0x3f;
const EQUALS = 0x3d;
const QUOTES: readonly number[] = [0x22, 0x27];
const NAMESPACES = new Map<string | undefined, XmppMeta['from']>([
  ['jabber:client', 'client'],
  ['jabber:server', 'server'],
]);

function* streamHeader(): Grammar<XmppMeta> {
  if ((yield* afterSpace(yield)) !== LESS) return 'no';
  let byte = yield;
  if (byte === QUESTION) {
    if (!(yield* xmlDeclaration()) || (yield* afterSpace(yield)) !== LESS) return 'no';
    byte = yield;
  }
  if (byte !== 's'.charCodeAt(0) || !(yield* literal('tream:stream'))) return 'no';
  const attributes = yield* tagAttributes();
  const from = NAMESPACES.get(attributes?.get('xmlns'));
  if (from === undefined) return 'no';
  const to = attributes?.get('to');
  return { meta: to === undefined ? { from } : { from, to: canonicalHost(to) } };
}

/** Passes whitespace, of which `byte` may be the first; gives the byte behind it. */
function* afterSpace(byte: number): Phrase<number> {
  while (WHITESPACE.includes(byte)) byte = yield;
  return byte;
}

/** The rest of `<?xml …?>` behind the question mark. */
function* xmlDeclaration(): Phrase<boolean> {
  if (!(yield* literal('xml')) || !WHITESPACE.includes(yield)) return false;
  for (let before = 0, byte = yield; ; before = byte, byte = yield) {
    if (byte === GREATER) return before === QUESTION;
    if (!isText(byte)) return false;
  }
}

/** `name="value"` pairs up to the end of the tag; `undefined` where they are not well formed. */
function* tagAttributes(): Phrase<ReadonlyMap<string, string> | undefined> {
  const attributes = new Map<string, string>();
  for (let behind = yield; ; behind = yield) {
    let byte = yield* afterSpace(behind);
    if (byte === GREATER) return attributes;
    if (!WHITESPACE.includes(behind)) return undefined;
    let name = '';
    while (isNameByte(byte)) {
      name += String.fromCharCode(byte);
      byte = yield;
    }
    if (name === '' || attributes.has(name) || (yield* afterSpace(byte)) !== EQUALS) return undefined;
    const value = yield* quoted(yield* afterSpace(yield));
    if (value === undefined) return undefined;
    attributes.set(name, value);
  }
}

function* quoted(quote: number): Phrase<string | undefined> {
  if (!QUOTES.includes(quote)) return undefined;
  const value: number[] = [];
  for (let byte = yield; byte !== quote; byte = yield) {
    if (!isText(byte)) return undefined;
    value.push(byte);
  }
  return new TextDecoder().decode(Uint8Array.from(value));
}

function isText(byte: number): boolean {
  return byte !== LESS && (byte >= SPACE || WHITESPACE.includes(byte));
}

// Names of the stream tag are ASCII; a byte of another script is a letter in XML too.
function isNameByte(byte: number): boolean {
  return /[\w:.\-\x80-\xff]/.test(String.fromCharCode(byte));
}

const match = matchGrammar(streamHeader);

/**
 * Matches an XMPP client or server by its opening tag, `<stream:stream …>` with the namespace `jabber:client` or `jabber:server`, with
 * or without an XML declaration before it (RFC 6120 §4.7, §4.8, §11).
 *
 * @example
 * ```ts
 * conns$.pipe(sniff(xmpp(), http1())).subscribe((conn) => {
 *   if (conn.protocol === 'xmpp') console.log(conn.meta.xmpp.to);   // the virtual host
 * });
 * ```
 */
export function xmpp(): Matcher<'xmpp', XmppMeta> {
  return { protocol: 'xmpp', firstBytes: [...WHITESPACE, LESS], match };
}
