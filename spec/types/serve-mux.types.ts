/** Checked by the compiler: what a handler knows of its pattern. Nothing here runs. */
import { of } from 'rxjs';
import type { ParamName, ParamsOf } from '../../src/serve/mux-pattern.js';
import { muxReply, type MuxBody } from '../../src/serve/mux-reply.js';
import { serveMux, type MuxHandler, type MuxRequest } from '../../src/serve/serve-mux.js';

type Equal<A, B> = [A] extends [B] ? ([B] extends [A] ? true : false) : false;

export const names: Equal<ParamName<'GET api.example.com/items/{id}/{rest...}'>, 'id' | 'rest'> = true;
export const exactEnd: Equal<ParamName<'/items/{$}'>, never> = true;
export const values: Equal<ParamsOf<'/items/{id}'>, Readonly<Record<'id', string>>> = true;
export const anyName: Equal<ParamsOf<string>, Readonly<Record<string, string>>> = true;
export const noBigint: Equal<Extract<MuxBody, bigint>, never> = true;

const shared: MuxHandler = ({ params: { id } }) => id;

export const listener = serveMux({
  'GET /items/{id}': ({ params }) => {
    const onlyId: Equal<keyof typeof params, 'id'> = true;
    return { [params.id]: onlyId };
  },
  'POST /items': async ({ body, query }) => {
    for await (const chunk of body) if (chunk.length > Number(query.get('max'))) return muxReply({ status: 413 });
    return undefined;
  },
  '/files/{path...}': ({ params: { path } }) => of(path),
  '/shared/{id}': shared,
});

export const helper = (request: MuxRequest<'/a/{b}'>): string => request.params.b;
