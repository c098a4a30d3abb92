import { chat } from './chat.js';
import { completions } from './completions.js';
import type { Endpoint } from './endpoint.js';

export type EndpointType = 'chat' | 'completions';

/** Every API by the name that `--endpoint-type` takes. */
export const endpoints: Readonly<Record<EndpointType, Endpoint>> = { chat, completions };
