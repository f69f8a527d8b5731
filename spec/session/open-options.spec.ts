import { describe, expect, test } from '@jest/globals';
import { firstValueFrom } from 'rxjs';
import { CODECS, ends } from './session-ends.js';

const typed = CODECS.filter(([, { traits }]) => traits.streamType !== 'none');

describe.each(typed)('a stream of %s that is opened', (_name, codec) => {
  test('with a type knows it, and one without a type knows none', () => {
    const { client } = ends(codec);
    expect(client.open({ type: 7 }).meta).toMatchObject({ type: 7 });
    expect(client.open().meta).not.toHaveProperty('type');
  });

  test('takes types up to the highest of its protocol', () => {
    const { client } = ends(codec);
    const { reservedTypes } = codec.traits;
    const highest = reservedTypes === undefined ? 0xffff_ffff : reservedTypes - 1;
    expect(client.open({ type: highest }).meta).toMatchObject({ type: highest });
    const past = { type: highest + 1 };
    expect(() => client.open(past)).toThrow(expect.objectContaining({ code: 'ERR_MUX_OPTION' }));
  });
});

describe.each(CODECS)('a stream of %s that is opened with a signal', (_name, codec) => {
  test('refuses what is no AbortSignal at the call', () => {
    const { client } = ends(codec);
    const signal = {} as AbortSignal;
    expect(() => client.open({ signal })).toThrow(expect.objectContaining({ code: 'ERR_MUX_OPTION' }));
    expect(client.streams).toEqual([]);
  });

  test('ends by it with an error that says so: of this side, and of this stream', async () => {
    const { client } = ends(codec);
    const abort = new AbortController();
    const stream = client.open({ signal: abort.signal });
    abort.abort(new Error('enough'));
    const { error } = await firstValueFrom(stream.closed$);
    expect(error).toMatchObject({ code: 'ERR_MUX_ABORT', initiator: 'local', scope: 'stream' });
  });
});
