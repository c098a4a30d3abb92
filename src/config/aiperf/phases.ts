import { andList, orList } from '../../util/lists.js';
import type { Key } from '../rule.js';
import { valueWords } from '../words.js';
import {
  anything,
  has,
  isMapping,
  keyOf,
  mappingFault,
  member,
  only,
  option,
  type Read,
  type Reading,
  ramp,
  refused,
  type Section,
  type Site,
  Swept,
  seconds,
  section,
  siteOf,
  snake,
  type Tree,
  unsupported,
  within,
} from './reading.js';

/** The option that a phase key sets for profiling, and for warmup (undefined: warmup has no such option). */
type PhaseOptions = readonly [profiling: Key, warmup: Key | undefined, read?: (key: Key) => Read];

const time = (key: Key) => option(key, seconds);

/** Keys of every phase type. */
export const anyPhase: Readonly<Record<string, PhaseOptions>> = {
  requests: ['requestCount', 'warmupRequestCount'],
  duration: ['benchmarkDuration', 'warmupDuration', time],
  failed_request_threshold: ['failedRequestThreshold', undefined],
  sessions: ['conversationNum', 'numWarmupSessions'],
  concurrency: ['concurrency', 'warmupConcurrency'],
  concurrency_ramp: ['concurrencyRampDuration', 'warmupConcurrencyRampDuration', ramp],
  prefill_concurrency: ['prefillConcurrency', 'warmupPrefillConcurrency'],
  prefill_ramp: ['prefillConcurrencyRampDuration', 'warmupPrefillConcurrencyRampDuration', ramp],
  grace_period: ['benchmarkGracePeriod', 'warmupGracePeriod', time],
};

/** Additional keys of phases with a rate. */
export const ratePhase: Readonly<Record<string, PhaseOptions>> = {
  rate: ['requestRate', 'warmupRequestRate'],
  rate_ramp: ['requestRateRampDuration', 'warmupRequestRateRampDuration', ramp],
};

/** Keys of each phase type beyond those of every phase. */
const phaseTypes: Readonly<Record<string, Readonly<Record<string, PhaseOptions>>>> = {
  concurrency: {},
  constant: ratePhase,
  poisson: ratePhase,
  gamma: { ...ratePhase, smoothness: ['arrivalSmoothness', undefined] },
  user_centric: { rate: ['userCentricRate', undefined], users: ['numUsers', undefined] },
  fixed_schedule: {
    auto_offset: ['fixedScheduleAutoOffset', undefined],
    start_offset: ['fixedScheduleStartOffset', undefined],
    end_offset: ['fixedScheduleEndOffset', undefined],
  },
};

const rateTypes = ['constant', 'poisson', 'gamma'];

const agentic = unsupported('agentic-');

const adaptive = unsupported('search-style');

const unsupportedInPhases: Section = {
  rate_series: refused('write the points to a file, and name it with --request-rate-series'),
  seamless: refused('a phase starts when the one before it has ended'),
  sla: unsupported('search-sla', []),
  timing_mode: agentic,
  trajectory_start_min_ratio: unsupported('trajectory-start-min-ratio', 0.25),
  trajectory_start_max_ratio: unsupported('trajectory-start-max-ratio', 0.75),
  burst_phase_starts: unsupported('burst-phase-starts'),
  agentic_cache_warmup_duration: agentic,
  agentic_warmup_grace_period: agentic,
};

/** A phase with its type and kind resolved. */
interface Phase {
  readonly kind: 'profiling' | 'warmup';
  readonly type: string;
  readonly value: Tree;
  readonly site: Site;
}

function readPhase({ kind, type, value, site }: Phase, reading: Reading): void {
  const own = { ...anyPhase, ...phaseTypes[type] };
  const members = Object.entries(own).map(([name, [profiling, warmup, read = option]]): [string, Read] => {
    const key = kind === 'profiling' ? profiling : warmup;
    // Read with the profiling phase, which shares it.
    if (key === undefined) return [name, anything];
    return [name, read(key)];
  });
  const others = Object.values(phaseTypes).flatMap((of) => Object.keys(of));
  const foreign = others.filter((name) => !Object.hasOwn(own, name));
  section({
    ...Object.fromEntries(foreign.map((name) => [name, notOfType(type)])),
    ...unsupportedInPhases,
    ...adaptiveMembers(value),
    ...Object.fromEntries(members),
    name: anything,
    type: anything,
    kind: only(kind),
    exclude_from_results: only(kind === 'warmup'),
    cancellation: kind === 'profiling' ? cancellation : warmupCancellation,
  })(value, site, reading);
}

function notOfType(type: string): Read {
  return (value, site, reading) =>
    reading.refuse(siteOf(value, site), `does not apply to a phase of type ${type}`);
}

/** The dozen keys of AIPerf's adaptive search. */
function adaptiveMembers(phase: Tree): Section {
  const names = Object.keys(phase)
    .map(snake)
    .filter((name) => name.startsWith('adaptive_'));
  return Object.fromEntries(names.map((name) => [name, adaptive]));
}

const cancellation = section({
  rate: option('requestCancellationRate'),
  delay: option('requestCancellationDelay', seconds),
});

const warmupCancellation = refused('warm-up requests are never cancelled at random', {}, { rate: 0 });

/** All phases in order, and the place that lists them. */
interface Phases {
  readonly phases: readonly Phase[];
  readonly site: Site;
}

/** Reads the profiling phase and an optional warmup before it. */
export function readPhases({ phases, site }: Phases, isFile: boolean, reading: Reading): void {
  const profiling = onlyPhase('profiling', phases, site, reading);
  const warmup = onlyPhase('warmup', phases, site, reading);
  if (profiling === undefined) return;
  if (warmup !== undefined && phases[0] !== warmup) {
    reading.refuse(warmup.site, `must come before ${profiling.site.name}`);
  }
  readPhase(profiling, reading);
  const { type, value } = profiling;
  const typeSite = within(profiling.site, keyOf(value, 'type') ?? 'type');
  // In a file the default concurrency is 1, too; the option's own default differs.
  if (isFile && type === 'concurrency' && !has(value, 'concurrency')) {
    reading.put('concurrency', 1, profiling.site);
  }
  if (rateTypes.includes(type)) reading.put('arrivalPattern', type, typeSite);
  if (type === 'fixed_schedule') reading.put('fixedSchedule', true, typeSite);
  if (type === 'user_centric' && !has(value, 'rate')) reading.refuse(profiling.site, 'needs a rate');
  if (warmup !== undefined) readWarmup(warmup, profiling, reading);
}

/** The only phase of that kind. Refuses duplicates, and a file without a profiling phase. */
function onlyPhase(
  kind: Phase['kind'],
  phases: readonly Phase[],
  site: Site,
  reading: Reading,
): Phase | undefined {
  const same = phases.filter((phase) => phase.kind === kind);
  if (same.length > 1) {
    const names = andList(same.map((phase) => String(member(phase.value, 'name'))));
    reading.refuse(
      site,
      `holds ${same.length} ${kind} phases, ${names}, and a run has one: run aiperf once for each`,
    );
  }
  if (same.length === 0 && kind === 'profiling') reading.refuse(site, 'needs a phase of kind profiling');
  return same.length === 1 ? same[0] : undefined;
}

/** Our warmup options default to those of profiling; in AIPerf's form each phase has only what it declares. */
function readWarmup(warmup: Phase, profiling: Phase, reading: Reading): void {
  const { value, site, type } = warmup;
  const typeSite = within(site, keyOf(value, 'type') ?? 'type');
  const isRate = rateTypes.includes(type);
  if (!isRate && type !== 'concurrency') {
    reading.refuse(typeSite, `must be concurrency, constant, poisson or gamma in a warm-up, got ${type}`);
    return;
  }
  if (!['requests', 'duration', 'sessions'].some((stop) => has(value, stop))) {
    reading.refuse(site, 'needs requests, duration or sessions, the end of the warm-up');
  }
  readPhase(warmup, reading);
  reading.put('warmupArrivalPattern', isRate ? type : 'concurrency_burst', typeSite);
  if (isRate && !has(value, 'rate')) reading.refuse(site, 'needs a rate');
  if (!isRate && !has(value, 'concurrency')) reading.put('warmupConcurrency', 1, site);
  for (const limit of isRate ? ['concurrency', 'prefill_concurrency'] : ['prefill_concurrency']) {
    if (has(profiling.value, limit) && !has(value, limit)) {
      reading.refuse(site, `needs ${limit}: without it, it would have that of ${profiling.site.name}`);
    }
  }
  const ramps = [
    ['concurrency_ramp', 'warmupConcurrencyRampDuration', !isRate || has(value, 'concurrency')],
    ['prefill_ramp', 'warmupPrefillConcurrencyRampDuration', has(value, 'prefill_concurrency')],
    ['rate_ramp', 'warmupRequestRateRampDuration', isRate],
  ] as const;
  for (const [name, key, applies] of ramps) {
    if (applies && has(profiling.value, name) && !has(value, name)) reading.put(key, 0, site);
  }
  const [own, shared] = [warmup, profiling].map((phase) => member(phase.value, 'smoothness') ?? 1);
  if (type === 'gamma' && own !== shared) {
    reading.refuse(site, `needs the smoothness of ${profiling.site.name}: a run has one`);
  }
}

/** The phases of the list, or of one of the short forms. */
export function phasesIn(body: Tree, site: Site, reading: Reading): Phases {
  const key = keyOf(body, 'phases');
  if (key === undefined) {
    const short = ['warmup', 'profiling'].flatMap((name): [string, unknown][] =>
      has(body, name) ? [[name, member(body, name)]] : [],
    );
    if (short.length === 0) reading.refuse(site, 'needs phases');
    const phases = short.map(([name, value]) => phaseOf(value, within(site, name), name, reading));
    return { phases: phases.flat(), site };
  }
  const value = body[key];
  const list = within(site, key);
  if (isMapping(value)) return { phases: phaseOf(value, list, 'profiling', reading), site: list };
  if (!Array.isArray(value) || value.length === 0) {
    reading.refuse(list, `must be a list of phases, got ${valueWords(value)}`);
    return { phases: [], site: list };
  }
  const phases = value.flatMap((item, i) => {
    const name = isMapping(item) ? member(item, 'name') : undefined;
    const inner = { path: [...list.path, i], name: `${list.name}.${typeof name === 'string' ? name : i}` };
    if (typeof name === 'string') return phaseOf(item, inner, name, reading);
    reading.refuse(inner, isMapping(item) ? 'needs a name' : mappingFault(item));
    return [];
  });
  return { phases, site: list };
}

function phaseOf(value: unknown, site: Site, name: string, reading: Reading): Phase[] {
  if (!isMapping(value)) {
    reading.refuse(site, mappingFault(value));
    return [];
  }
  const type = member(value, 'type');
  if (typeof type !== 'string' || !Object.hasOwn(phaseTypes, type)) {
    const got = type === undefined ? '' : `, got ${type instanceof Swept ? 'a sweep' : valueWords(type)}`;
    reading.refuse(site, `needs a type, ${orList(Object.keys(phaseTypes))}${got}`);
    return [];
  }
  const kind = member(value, 'kind') ?? name;
  if (kind !== 'profiling' && kind !== 'warmup') {
    reading.refuse(site, 'needs a kind, profiling or warmup');
    return [];
  }
  return [{ kind, type, value, site }];
}
