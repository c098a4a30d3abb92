import type { Loaded } from '../../config/load.js';
import { endpointTypes, type profileOptions } from '../../config/options.js';
import { systemSlotKeys } from '../../config/prompt-conflicts.js';
import type { Endpoint } from '../../endpoint/endpoint.js';
import { endpoints } from '../../endpoint/endpoints.js';
import { orList } from '../../util/lists.js';

type Options = typeof profileOptions;
type Key = keyof Options;

const typesWithSystemSlot = endpointTypes.filter((type) => endpoints[type].hasSystemSlot);
const typesWithMarkers = endpointTypes.filter((type) => {
  const endpoint: Endpoint = endpoints[type];
  return endpoint.takesMarkers;
});
const textOptions = ['isl', 'islStddev', 'tokenizer'] as const;

/** Sentences about options that the endpoint type cannot serve. */
export function endpointErrors(
  { config, sources }: Loaded<Options>,
  endpoint: Endpoint,
  name: (...keys: Key[]) => string,
): string[] {
  const { endpointType, requestContentType } = config;
  const ownType = endpoint.encode === undefined ? 'application/json' : 'multipart/form-data';
  const ofText = endpoint.takesText === false ? textOptions.filter((key) => sources.has(key)) : [];
  const ofSystem = endpoint.hasSystemSlot ? [] : systemSlotKeys.filter((key) => sources.has(key));
  const sentences: readonly (string | false)[] = [
    config.downloadVideoContent &&
      endpoint.isJob !== true &&
      `${name('downloadVideoContent')} needs an endpoint type that generates videos.`,
    config.islAsTokenIds &&
      endpoint.takesTokenIds !== true &&
      `${name('islAsTokenIds')} cannot be used with the endpoint type ${endpointType}, which takes text. Use completions (vLLM) or sglang_generate (SGLang).`,
    config.perChunkUsage &&
      endpoint.reportsChunkUsage !== true &&
      `${name('perChunkUsage')} needs the endpoint type chat, got ${endpointType}.`,
    config.applyChatTemplate &&
      endpoint.holdsChat !== true &&
      `${name('applyChatTemplate')} cannot be used with the endpoint type ${endpointType}: its bodies hold no chat messages to render.`,
    requestContentType !== undefined &&
      requestContentType !== ownType &&
      `${name('requestContentType')} ${requestContentType} does not suit the endpoint type ${endpointType}, whose requests are ${ownType}.`,
    config.uuidAndStrip &&
      endpoint.takesImageIds !== true &&
      `${name('uuidAndStrip')} needs the endpoint type chat, got ${endpointType}.`,
    config.cacheBust !== 'none' &&
      endpoint.takesMarkers !== true &&
      `${name('cacheBust')} cannot be used with the endpoint type ${endpointType}. Use ${orList(typesWithMarkers)}.`,
    ofText.length > 0 &&
      `${name(...ofText)} cannot be used with ${name('endpointType')} ${endpointType}: its requests hold no text, and no tokens are counted.`,
    ofSystem.length > 0 &&
      `${name(...ofSystem)} cannot be used with the endpoint type ${endpointType}, which has no place for a system message. Use ${orList(typesWithSystemSlot)}.`,
  ];
  return [...(endpoint.errors?.(config, name) ?? []), ...sentences.filter((sentence) => sentence !== false)];
}
