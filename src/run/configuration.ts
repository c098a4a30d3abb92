import type { RunTraits, Slo } from '../metrics/metric.js';
import { sloFault } from '../metrics/slos.js';
import { ownKey } from '../util/configuration.js';
import { isObject, type Json, type JsonObject } from '../util/json.js';
import { Float } from '../util/python-json.js';
import type { RunFacts } from './facts.js';

/** A metric that a run could not have is in none of its records, so all may be looked for. */
export const everyTrait: RunTraits = {
  streaming: true,
  producesTokens: true,
  tokenizesInput: true,
  sendsImages: true,
  sendsAudio: true,
  generatesVideos: true,
  generatesSpeech: true,
  serverTokenCounts: false,
};

/** The objectives that the run was held against. */
export function recordedSlos({ inputConfig }: RunFacts): readonly Slo[] {
  const { slos } = inputConfig ?? {};
  return Object.entries(isObject(slos) ? slos : {}).flatMap(([tag, limit]) =>
    typeof limit === 'number' && sloFault(tag, everyTrait) === undefined ? [{ tag, limit }] : [],
  );
}

/** Requests were sent at recorded times, and the records say when: those of AIPerf say when each was released. */
function replaysSchedule({ title, inputConfig }: RunFacts): boolean {
  const { phases } = inputConfig ?? {};
  const isReplay = (phase: Json) => isObject(phase) && phase.type === 'fixed_schedule';
  return title !== undefined && Array.isArray(phases) && phases.some(isReplay);
}

/** Where in a sweep a run was made. */
export interface SweepPoint {
  /** What all runs of the sweep share; undefined where they do not say. */
  readonly sweepId: string | undefined;
  /** The swept options: `concurrency` is `2`. */
  readonly values: ReadonlyMap<string, string>;
}

/** Undefined for a run of no sweep. */
export function sweepPointOf({ sweepId, variationValues = {} }: RunFacts): SweepPoint | undefined {
  const values = Object.entries(variationValues).map(
    ([place, value]) =>
      [place.replace(/^.*\./, ''), String(value instanceof Float ? value.value : value)] as const,
  );
  return values.length === 0 ? undefined : { sweepId, values: new Map(values) };
}

/** The limit of requests or sessions in flight of the measured phase; undefined without one. */
export function recordedConcurrency({ inputConfig }: RunFacts): number | undefined {
  const { concurrency } = profilingPhase(inputConfig) ?? {};
  return typeof concurrency === 'number' ? concurrency : undefined;
}

function profilingPhase(inputConfig: JsonObject | undefined): JsonObject | undefined {
  const phases = Array.isArray(inputConfig?.phases) ? inputConfig.phases.filter(isObject) : [];
  return phases.find(({ name }) => name === 'profiling');
}

/** Requests a second that a run asks for; without a rate, requests in flight: else a mere ceiling. */
export function recordedLoad({ inputConfig }: RunFacts): number | undefined {
  const { rate, concurrency } = profilingPhase(inputConfig) ?? {};
  const load = rate ?? concurrency;
  return typeof load === 'number' ? load : undefined;
}

/** GPUs of the server. */
export interface GpuCount {
  readonly gpus: number;
  /** How it is known: by `--num-gpus`, or by the GPUs that worked. */
  readonly from: '--num-gpus' | 'GPU telemetry';
}

/** GPUs of the server, where all of the runs say the same; undefined where one says nothing, or another number. */
export function recordedGpus(runs: readonly RunFacts[]): GpuCount | undefined {
  const given = theSame(runs.map(givenGpus));
  if (given !== undefined) return { gpus: given, from: '--num-gpus' };
  const counted = theSame(runs.map(({ gpuCount }) => gpuCount));
  return counted === undefined ? undefined : { gpus: counted, from: 'GPU telemetry' };
}

function givenGpus({ inputConfig }: RunFacts): number | undefined {
  const own = inputConfig?.[ownKey];
  // Our first versions wrote the number into the endpoint.
  const { num_gpus } = {
    ...(isObject(inputConfig?.endpoint) ? inputConfig.endpoint : {}),
    ...(isObject(own) ? own : {}),
  };
  return typeof num_gpus === 'number' ? num_gpus : undefined;
}

function theSame(counts: readonly (number | undefined)[]): number | undefined {
  const distinct = new Set(counts);
  const [count] = distinct;
  return distinct.size === 1 && count !== undefined && count > 0 ? count : undefined;
}

/** What a run can be looked at with besides its own; undefined: as the run had it. */
export type ViewTraits = Pick<RunTraits, 'slos' | 'sliceSeconds'>;

/** The traits that the records of a run are read with, and its facts with a configuration that agrees with them. */
export function viewed(facts: RunFacts, asked: ViewTraits) {
  const slos = asked.slos ?? recordedSlos(facts);
  const { inputConfig } = facts;
  const artifacts = isObject(inputConfig?.artifacts) ? inputConfig.artifacts : undefined;
  const recorded = artifacts?.slice_duration;
  const sliceSeconds =
    asked.sliceSeconds ?? (typeof recorded === 'number' && recorded > 0 ? recorded : undefined);
  const isSlicedAnew = asked.sliceSeconds !== undefined;
  const traits: RunTraits = { ...everyTrait, slos, sliceSeconds, fixedSchedule: replaysSchedule(facts) };
  if (inputConfig === undefined) return { traits, facts, isSlicedAnew };
  const overrides = {
    ...(isSlicedAnew && artifacts !== undefined
      ? { artifacts: { ...artifacts, slice_duration: asked.sliceSeconds } }
      : {}),
    ...(slos.length > 0 ? { slos: Object.fromEntries(slos.map(({ tag, limit }) => [tag, limit])) } : {}),
  };
  return { traits, facts: { ...facts, inputConfig: { ...inputConfig, ...overrides } }, isSlicedAnew };
}
