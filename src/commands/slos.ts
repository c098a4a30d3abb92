import { nearest } from '../config/words.js';
import { metricTag } from '../metrics/abbreviations.js';
import type { Requirement, RunTraits, Slo } from '../metrics/metric.js';
import { type SloFault, sloFault } from '../metrics/slos.js';
import { metrics } from '../metrics/table.js';

/** The objectives that an option holds, in the order given; it names metrics by tag or abbreviation. */
export function slosOf(option: Readonly<Record<string, number>> | undefined): readonly Slo[] {
  return Object.entries(option ?? {}).map(([name, limit]) => ({ tag: metricTag(name), limit }));
}

/**
 * A sentence for each objective that such a run cannot be held against, or that is there already.
 * @param name of the option, as the user wrote it.
 */
export function sloErrors(slos: readonly Slo[], traits: RunTraits, name: string): string[] {
  const usable = metrics.map(({ tag }) => tag).filter((tag) => sloFault(tag, traits) === undefined);
  return slos.flatMap(({ tag }, i) => {
    if (slos.findIndex((slo) => slo.tag === tag) < i) return [`${name}: ${tag} is given twice.`];
    const fault = sloFault(tag, traits);
    if (fault === undefined) return [];
    const meant = fault.kind === 'unmet' ? undefined : meantTag(tag, usable);
    return [`${name}: ${tag} ${reason(fault)}.${meant === undefined ? '' : ` Did you mean ${meant}?`}`];
  });
}

/** The tag meant by a misspelt or shortened one, or by a short name (`ttft`); undefined if none is near. */
export function meantTag(word: string, tags: readonly string[]): string | undefined {
  const names = new Map<string, string>();
  for (const { tag, short } of metrics) {
    if (!tags.includes(tag)) continue;
    names.set(short.toLowerCase().replaceAll(/[^a-z]+/g, '_'), tag);
  }
  for (const tag of tags) names.set(tag, tag);
  const wanted = word.toLowerCase().replaceAll('-', '_');
  const begun = word.length < 3 ? undefined : tags.find((tag) => tag.startsWith(`${wanted}_`));
  return begun ?? names.get(nearest(wanted, names.keys()) ?? '');
}

function reason(fault: SloFault): string {
  switch (fault.kind) {
    case 'unknown':
      return 'is not a metric';
    case 'not of requests':
      return 'does not have one value for each request, so no request can be held against it';
    case 'of failed requests':
      return 'is a metric of failed requests, which are never good';
    case 'unmet':
      return `needs ${needs[fault.need]}`;
  }
}

const needs: Record<Requirement, string> = {
  streaming: '--streaming',
  'output tokens': 'an endpoint type that generates tokens',
  'input tokens': 'an endpoint type whose input is counted in tokens',
  images: 'an endpoint type that takes images',
  audio: 'an endpoint type that takes audio',
  videos: 'an endpoint type that generates videos',
  speech: 'an endpoint type that generates speech',
  'client token counts': "the client's token counts, which --use-server-token-count turns off",
  objectives: 'objectives of its own',
  'fixed schedule': '--fixed-schedule',
  'network calibration': '--network-latency-automatic or --network-latency-mean',
  'GPU telemetry': 'GPU telemetry',
};
