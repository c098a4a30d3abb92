import type { AskedReader } from './api.js';
import { readChat, readCompletions } from './openai.js';

/** The reader of the bodies of each path. */
export const apis: Readonly<Record<string, AskedReader>> = {
  '/v1/chat/completions': readChat,
  '/v1/completions': readCompletions,
};
