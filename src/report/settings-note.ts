import type { RunFacts } from '../run/facts.js';
import { counted } from '../util/counted.js';
import { isObject, type Json } from '../util/json.js';
import { andList } from '../util/lists.js';

/** Settings that a sentence names. */
const MOST_NAMED = 5;
/** Of values that are longer, the name alone. */
const LONGEST_VALUE = 32;
/** They differ between any two servers, and change no figure. */
const ofEachServer = new Set(['host', 'port', 'nccl_port', 'random_seed']);

/** Settings by their place, and in it by their name; of several servers all values of each. */
type Places = ReadonlyMap<string, ReadonlyMap<string, string>>;

/**
 * A sentence that names what the model servers of these runs were set to differently, their versions included. Undefined
 * where nothing differs, and where less than two runs could read settings. What a run could not read is not compared.
 */
export function settingsNote(runs: readonly RunFacts[]): string | undefined {
  const known = runs.flatMap(({ serverSettings = [] }) =>
    serverSettings.length === 0 ? [] : [serverSettings],
  );
  if (known.length < 2) return undefined;
  const makes = new Set(known.map((servers) => valuesText(servers.map(({ server = 'server' }) => server))));
  if (makes.size > 1) return `These runs measured different servers: ${andList([...makes])}.`;
  const all = known.map(placesOf);
  const shared = [...(all[0]?.keys() ?? [])].filter((place) => all.every((places) => places.has(place)));
  const differing = shared.flatMap((place) => {
    const ofRuns = all.map((places) => places.get(place));
    const names = new Set(ofRuns.flatMap((settings) => [...(settings?.keys() ?? [])]));
    return [...names].flatMap((name) => {
      const values = new Set(ofRuns.map((settings) => settings?.get(name) ?? 'not set'));
      return values.size === 1 || ofEachServer.has(name) ? [] : [settingWords(name, [...values])];
    });
  });
  if (differing.length === 0) return undefined;
  const more = differing.length - MOST_NAMED;
  const named = [...differing.slice(0, MOST_NAMED), ...(more > 0 ? [counted(more, 'other setting')] : [])];
  return `The servers of these runs were not set up alike: they differ in ${andList(named)}.`;
}

/** `version (0.10.2, 0.11.0)`. */
function settingWords(name: string, values: readonly string[]): string {
  return values.some(({ length }) => length > LONGEST_VALUE) ? name : `${name} (${values.join(', ')})`;
}

function placesOf(servers: NonNullable<RunFacts['serverSettings']>): Places {
  const found = new Map<string, Map<string, string[]>>();
  const add = (place: string, name: string, value: Json) => {
    const settings = found.get(place) ?? new Map<string, string[]>();
    found.set(place, settings.set(name, [...(settings.get(name) ?? []), String(value)]));
  };
  for (const { settings = {} } of servers) {
    for (const [place, members] of Object.entries(settings)) {
      if (!isObject(members)) continue;
      for (const [name, value] of Object.entries(members)) {
        // Of a model: a run with another one has nothing to compare with.
        if (isObject(value)) for (const [of, one] of Object.entries(value)) add(`${place} ${name}`, of, one);
        else add(place, name, value);
      }
    }
  }
  const text = (settings: ReadonlyMap<string, string[]>) =>
    new Map(Array.from(settings, ([name, values]) => [name, valuesText(values)] as const));
  return new Map(Array.from(found, ([place, settings]) => [place, text(settings)] as const));
}

/** Replicas that are set alike have one value. */
function valuesText(values: readonly string[]): string {
  return [...new Set(values)].sort().join(' and ');
}
