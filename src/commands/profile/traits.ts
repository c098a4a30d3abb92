import type { Config } from '../../config/options.js';
import { endpoints } from '../../endpoint/endpoints.js';
import type { RunTraits } from '../../metrics/metric.js';
import { type ViewConfig, viewTraitsOf } from '../view.js';

type TraitOptions = ViewConfig &
  Pick<Config, 'endpointType' | 'streaming' | 'useServerTokenCount' | 'fixedSchedule'>;

/** Which metrics a run of these options can have. */
export function traitsOf(config: TraitOptions): RunTraits {
  const { canStream, producesTokens, inputKeys, media } = endpoints[config.endpointType];
  return {
    streaming: config.streaming && canStream,
    producesTokens,
    tokenizesInput: inputKeys.length > 0,
    sendsImages: media.includes('image'),
    sendsAudio: media.includes('audio'),
    serverTokenCounts: config.useServerTokenCount,
    fixedSchedule: config.fixedSchedule,
    ...viewTraitsOf(config),
  };
}
