import {
  defaultResource,
  detectResources,
  envDetector,
  type Resource,
  resourceFromAttributes,
} from '@opentelemetry/resources';
import type { WatchedRun } from '../messages.js';

/**
 * What everything that is sent of a run belongs to. Attributes of `OTEL_RESOURCE_ATTRIBUTES` come first, so that those
 * of the options win.
 */
export function runResource(
  { benchmarkId, endpointType, models: [model] }: Pick<WatchedRun, 'benchmarkId' | 'endpointType' | 'models'>,
  attributes: Readonly<Record<string, string>>,
): Resource {
  return defaultResource()
    .merge(detectResources({ detectors: [envDetector] }))
    .merge(
      resourceFromAttributes({
        'service.name': 'aiperf',
        // One for each run: collectors tell series of two runs at the same time apart by it.
        'service.instance.id': benchmarkId,
        'aiperf.benchmark.id': benchmarkId,
        'aiperf.endpoint.type': endpointType,
        ...(model === undefined ? {} : { 'aiperf.model.name': model }),
        ...attributes,
      }),
    );
}
