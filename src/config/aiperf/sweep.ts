import { andList } from '../../util/lists.js';
import { anyPhase, ratePhase } from './phases.js';
import { isMapping, keyOf, mappingFault, member, type Reading, Swept, snake, type Tree } from './reading.js';

/** Keys that a sweep may name without the path of the profiling phase. */
const bare: ReadonlySet<string> = new Set([
  ...Object.keys(anyPhase),
  ...Object.keys(ratePhase),
  'users',
  'smoothness',
]);

/** Writes the lists of a sweep into the body at their paths. */
export function applySweep(sweep: unknown, body: Tree, reading: Reading): void {
  const lists = isMapping(sweep) ? member(sweep, 'parameters') : undefined;
  const site = { path: ['sweep', 'parameters'], name: 'sweep.parameters' };
  if (lists === undefined) return;
  if (!isMapping(lists)) {
    reading.refuse(site, mappingFault(lists));
    return;
  }
  const seen = new Map<string, string>();
  for (const [path, values] of Object.entries(lists)) {
    const inner = { path: [...site.path, path], name: path };
    const steps = (bare.has(snake(path)) ? `phases.profiling.${path}` : path).split('.').map(snake);
    const twin = seen.get(steps.join('.'));
    seen.set(steps.join('.'), path);
    if (!Array.isArray(values) || values.length === 0) {
      reading.refuse(inner, 'must be a list of values');
    } else if (twin !== undefined) {
      reading.refuse(inner, `is the same value as ${twin}; give one of them`);
    } else {
      const fault = replace(body, steps, new Swept(values, inner));
      if (fault !== undefined) reading.refuse(inner, fault);
    }
  }
}

/** Replaces the value at a path. @returns what is wrong with the path */
function replace(body: Tree, [first = '', ...rest]: readonly string[], swept: Swept): string | undefined {
  const named = first === 'phases' || first === 'datasets';
  const holder = named ? namedItem(body, first, rest[0] ?? '') : body;
  if (typeof holder === 'string') return holder;
  const steps = named ? rest.slice(1) : [first, ...rest];
  const last = steps.at(-1) ?? '';
  let inner = holder;
  for (const step of steps.slice(0, -1)) {
    const key = keyOf(inner, step) ?? step;
    const next = inner[key];
    // A plain number is short for a mean without deviation.
    const isMean = typeof next === 'number' && (last === 'mean' || last === 'stddev');
    if (!isMean && !isMapping(next) && (next ?? undefined) !== undefined) {
      return `is not a valid path: ${step} is not a mapping`;
    }
    const mapping: Tree = isMapping(next) ? next : isMean ? { mean: next } : {};
    inner[key] = mapping;
    inner = mapping;
  }
  if (last === '') return 'is incomplete: write a path such as phases.profiling.concurrency';
  inner[keyOf(inner, last) ?? last] = swept;
  return undefined;
}

/** The phase or dataset of that name, or an error. */
function namedItem(body: Tree, kind: 'phases' | 'datasets', name: string): Tree | string {
  const items = kind === 'phases' ? phasesByName(body) : datasetsByName(body);
  const found = items
    .filter(([names]) => names.some((other) => snake(other) === name))
    .map(([, item]) => item);
  const [item] = found;
  if (item !== undefined && found.length === 1) return item;
  const names = items.map(([[own = '']]) => own);
  const word = kind === 'phases' ? 'phase' : 'data set';
  return `names no ${word} of the file${names.length === 0 ? '' : `, which has ${andList(names)}`}`;
}

/** An item with its own name and its aliases. */
type Named = readonly [names: readonly string[], item: Tree];

function phasesByName(body: Tree): Named[] {
  const phases = member(body, 'phases');
  if (isMapping(phases)) return [[['profiling', 'default'], phases]];
  if (!Array.isArray(phases)) {
    return ['warmup', 'profiling'].flatMap((name): Named[] => {
      const phase = member(body, name);
      return isMapping(phase) ? [[[name], phase]] : [];
    });
  }
  return phases.filter(isMapping).map((phase): Named => {
    const name = String(member(phase, 'name'));
    // The profiling phase can be addressed as `profiling` whatever its name.
    return [member(phase, 'kind') === 'profiling' ? [name, 'profiling'] : [name], phase];
  });
}

/** The datasets of a file, in either form. */
export function datasetsByName(body: Tree): Named[] {
  const [short, list] = [member(body, 'dataset'), member(body, 'datasets')];
  if (isMapping(short)) return [[[String(member(short, 'name') ?? 'default')], short]];
  return Array.isArray(list)
    ? list.filter(isMapping).map((item): Named => [[String(member(item, 'name'))], item])
    : [];
}
