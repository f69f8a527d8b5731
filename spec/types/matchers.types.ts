import type { OperatorFunction } from 'rxjs';
import type { Conn } from '../../src/conn/conn.js';
import type { ConnMeta } from '../../src/conn/meta.js';
import type { Matched, Matcher, ProtocolOf } from '../../src/sniff/matcher.js';
import { allOf } from '../../src/sniff/matchers/all-of.js';
import { amqp, type AmqpMeta } from '../../src/sniff/matchers/amqp.js';
import { anyOf } from '../../src/sniff/matchers/any-of.js';
import { any } from '../../src/sniff/matchers/any.js';
import { named } from '../../src/sniff/matchers/named.js';
import { not } from '../../src/sniff/matchers/not.js';
import { prefix } from '../../src/sniff/matchers/prefix.js';
import { remoteIp } from '../../src/sniff/matchers/remote-ip.js';
import { serverFirst } from '../../src/sniff/matchers/server-first.js';
import { ssh, type SshMeta } from '../../src/sniff/matchers/ssh.js';
import { sniff } from '../../src/sniff/sniff.js';

// Never run: that it compiles is the test.

/** True when each type can stand for the other. */
type Same<A, B> = [A, B] extends [B, A] ? true : false;
type Found<P extends string, M> = Conn<P, ConnMeta & Readonly<Record<P, M>>>;
type Nothing = Readonly<Record<string, never>>;

/** A codec does more than match; a combinator promises no more than that. */
interface Codec extends Matcher<'codec', number> {
  encode(): Uint8Array;
}
declare const codec: Codec;

export const either = anyOf(ssh(), amqp());
export const nested = anyOf(any(), anyOf(ssh(), amqp()));
export const ofCodec = anyOf(codec);
true satisfies Same<typeof either, Matcher<'ssh', SshMeta> | Matcher<'amqp', AmqpMeta>>;
true satisfies Same<Matched<typeof either>, Found<'ssh', SshMeta> | Found<'amqp', AmqpMeta>>;
true satisfies Same<ProtocolOf<typeof nested>, 'any' | 'ssh' | 'amqp'>;
true satisfies Same<typeof ofCodec, Matcher<'codec', number>>;
// @ts-expect-error anyOf is no union of strings
true satisfies Same<typeof either, Matcher<'ssh' | 'amqp', SshMeta | AmqpMeta>>;

export function asksWhichOfTwo(conn: Matched<typeof either>): string {
  // @ts-expect-error neither matcher has this name
  if (conn.protocol === 'mqtt') return 'mqtt';
  if (conn.protocol === 'amqp') return conn.meta.amqp.version satisfies AmqpMeta['version'];
  // @ts-expect-error an SSH Conn holds nothing of AMQP
  conn.meta.amqp satisfies AmqpMeta;
  return conn.meta.ssh.version satisfies SshMeta['version'];
}

export const last = allOf(remoteIp('10.0.0.0/8'), ssh());
export const lastOfTwo = allOf(remoteIp('10.0.0.0/8'), anyOf(ssh(), amqp()));
export const lastCodec = allOf(any(), codec);
true satisfies Same<typeof last, Matcher<'ssh', SshMeta>>;
true satisfies Same<Matched<typeof lastOfTwo>, Found<'ssh', SshMeta> | Found<'amqp', AmqpMeta>>;
true satisfies Same<typeof lastCodec, Matcher<'codec', number>>;
// @ts-expect-error only the last one's meta is kept
export type AddressOfLast = Matched<typeof last>['meta']['remoteIp']['address'];

export const shell = named('shell', ssh());
export const oneName = named('one', anyOf(ssh(), amqp()));
true satisfies Same<typeof shell, Matcher<'shell', SshMeta>>;
true satisfies Same<Matched<typeof shell>, Found<'shell', SshMeta>>;
true satisfies Same<typeof oneName, Matcher<'one', SshMeta | AmqpMeta>>;
// @ts-expect-error the old name is gone
export type OldName = Matched<typeof shell>['meta']['ssh']['version'];
// @ts-expect-error a name is text
named(1, ssh());

export const notSsh = not(ssh());
export const notEither = not(either);
true satisfies Same<typeof notSsh, Matcher<'not-ssh', Nothing>>;
// The name of a negated choice is made of all its names, so it is none of `not-ssh` and `not-amqp`.
true satisfies Same<typeof notEither, Matcher<string, Nothing>>;

export const magic = prefix('GET ', 'PUT ');
true satisfies Same<typeof magic, Matcher<'prefix', { readonly prefix: 'GET ' | 'PUT ' }>>;

export const mail = serverFirst('smtp', { after: 100 });
true satisfies Same<typeof mail, Matcher<'smtp', Nothing>>;
// @ts-expect-error how long to wait has no default
serverFirst('smtp', {});

export const sniffed = sniff(either, shell, any());
true satisfies Same<
  typeof sniffed,
  OperatorFunction<
    Conn,
    Found<'ssh', SshMeta> | Found<'amqp', AmqpMeta> | Found<'shell', SshMeta> | Found<'any', Nothing>
  >
>;
// @ts-expect-error a matcher, not its factory
sniff(ssh);
