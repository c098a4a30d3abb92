import type { Config } from '../../config/options.js';
import type { Endpoint } from '../../endpoint/endpoint.js';
import { endpoints } from '../../endpoint/endpoints.js';
import type { RunTraits } from '../../metrics/metric.js';
import { type ViewConfig, viewTraitsOf } from '../view.js';

type TraitOptions = ViewConfig &
  Pick<
    Config,
    | 'endpointType'
    | 'streaming'
    | 'useServerTokenCount'
    | 'fixedSchedule'
    | 'networkLatencyAutomatic'
    | 'networkLatencyMean'
  >;

/** Which metrics a run of these options can have. */
export function traitsOf(config: TraitOptions): RunTraits {
  const endpoint: Endpoint = endpoints[config.endpointType];
  const { canStream, producesTokens, inputKeys, media, countsImages, isJob, answersAudio } = endpoint;
  return {
    streaming: config.streaming && canStream,
    producesTokens,
    tokenizesInput: inputKeys.length > 0,
    sendsImages: media.includes('image') && countsImages !== false,
    sendsAudio: media.includes('audio'),
    generatesVideos: isJob === true,
    generatesSpeech: answersAudio === true,
    serverTokenCounts: config.useServerTokenCount,
    fixedSchedule: config.fixedSchedule,
    networkCalibrated: config.networkLatencyAutomatic || config.networkLatencyMean !== undefined,
    ...viewTraitsOf(config),
  };
}
