import type { endpointTypes } from '../config/options.js';
import { audioSpeech } from './audio-speech.js';
import { audioTranscription } from './audio-transcription.js';
import { template } from './body-template.js';
import { chat } from './chat.js';
import { completions } from './completions.js';
import { chatEmbeddings, embeddings, nimEmbeddings } from './embeddings.js';
import type { BodyOptions, Endpoint } from './endpoint.js';
import { huggingfaceGenerate } from './huggingface-generate.js';
import { imageEdit, imageGeneration, imageRetrieval } from './image-apis.js';
import { messages } from './messages.js';
import { cohereRankings, hfTeiRankings, nimRankings } from './rankings.js';
import { raw } from './raw.js';
import { responses } from './responses.js';
import { sglangGenerate } from './sglang-generate.js';
import { solidoRag } from './solido-rag.js';
import { videoGeneration } from './video-generation.js';

/** Every API by the name that `--endpoint-type` takes. */
export const endpoints = {
  chat,
  completions,
  responses,
  messages,
  huggingface_generate: huggingfaceGenerate,
  sglang_generate: sglangGenerate,
  embeddings,
  chat_embeddings: chatEmbeddings,
  nim_embeddings: nimEmbeddings,
  nim_rankings: nimRankings,
  cohere_rankings: cohereRankings,
  hf_tei_rankings: hfTeiRankings,
  solido_rag: solidoRag,
  raw,
  template,
  audio_transcription: audioTranscription,
  audio_speech: audioSpeech,
  image_generation: imageGeneration,
  image_edit: imageEdit,
  image_retrieval: imageRetrieval,
  video_generation: videoGeneration,
} satisfies Readonly<Record<(typeof endpointTypes)[number], Endpoint>>;

export type EndpointType = keyof typeof endpoints;

/** The endpoint as the options of a run make it. @throws UserError for options that it cannot work with */
export function openEndpoint(type: EndpointType, options: BodyOptions): Endpoint {
  const endpoint: Endpoint = endpoints[type];
  return endpoint.open?.(options) ?? endpoint;
}
