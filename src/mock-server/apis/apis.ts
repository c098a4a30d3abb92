import type { AskedReader } from './api.js';
import { readCohereRanking, readEmbeddings, readNimRanking, readTeiRanking } from './counted.js';
import { readGenerate, readGenerateStream } from './generate.js';
import { readImageEdit, readImageGeneration, readImageRetrieval, readTranscription } from './media.js';
import { readMessages } from './messages.js';
import { readChat, readCompletions } from './openai.js';
import { readResponses } from './responses.js';
import { readSolido } from './solido.js';
import { readSpeech } from './speech.js';

/** The reader of the bodies of each path. */
export const apis: Readonly<Record<string, AskedReader>> = {
  '/v1/chat/completions': readChat,
  '/v1/completions': readCompletions,
  '/v1/responses': readResponses,
  '/v1/messages': readMessages,
  '/v1/embeddings': readEmbeddings,
  '/v1/ranking': readNimRanking,
  '/v2/rerank': readCohereRanking,
  '/rerank': readTeiRanking,
  '/rag/api/prompt': readSolido,
  '/generate': readGenerate,
  '/v1/audio/transcriptions': readTranscription,
  '/v1/audio/speech': readSpeech,
  '/v1/images/generations': readImageGeneration,
  '/v1/images/edits': readImageEdit,
  '/v1/infer': readImageRetrieval,
  '/generate_stream': readGenerateStream,
};
