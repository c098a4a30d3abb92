import { badRequest } from '../refusal.js';
import { type AnswerForm, type AskedReader, frame, streamEnd } from './api.js';
import { stringsOf } from './prompts.js';

/** `/rag/api/prompt` of SOLIDO; the header `Accept` asks for a stream. */
export const readSolido: AskedReader = ({ query }, accept) => {
  const texts = stringsOf(query);
  if (texts === undefined) return badRequest('query is missing or has the wrong form.', 'query');
  return {
    form: solido,
    stream: accept.includes('text/event-stream'),
    includeUsage: false,
    prompt: texts.join('\n'),
  };
};

const content = (text: string) => frame(`data: {"content":"${text}"}`);

const solido: AnswerForm = {
  idPrefix: 'rag',
  generates: true,
  reasons: false,
  stream: () => ({
    opening: '',
    content,
    reasoning: content,
    last: (text) => content(text) + frame('data: {"sources":[]}') + streamEnd,
  }),
  whole: (_, __, text) => `{"content":"${text.content}","sources":[]}`,
};
