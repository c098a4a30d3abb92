import type { endpointTypes } from '../config/options.js';
import { chat } from './chat.js';
import { completions } from './completions.js';
import type { Endpoint } from './endpoint.js';

/** Every API by the name that `--endpoint-type` takes. */
export const endpoints = { chat, completions } satisfies Readonly<
  Record<(typeof endpointTypes)[number], Endpoint>
>;

export type EndpointType = keyof typeof endpoints;
