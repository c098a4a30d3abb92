import { isObject, type Json, type JsonObject } from '../util/json.js';
import { jsonWithoutSecrets, withoutSecrets } from '../util/secrets.js';
import { type KnownServer, serverOfFamilies } from './known-servers.js';
import type { ScrapedSeries } from './server-series.js';
import type { Labels } from './time-series.js';

/** Settings of one server, by the place where it shows them: a path, or a metric whose labels are the information. */
export interface ServerSettings {
  /** The make of the server. */
  readonly server: string;
  /** Of its metrics page. */
  readonly url: string;
  readonly settings: Readonly<Record<string, JsonObject>>;
}

/** Paths with settings, from the root of the server. All hold scalars; lists and deeper objects are left out, but for `data`, a list of models. */
const paths: Readonly<Record<string, readonly string[]>> = {
  vllm: ['/version', '/v1/models'],
  // Renamed: the first that answers counts.
  sglang: ['/server_info', '/get_server_info', '/v1/models'],
  trtllm: ['/version', '/v1/models'],
  'triton-trtllm': ['/v2'],
  tgi: ['/info'],
  llamacpp: ['/props', '/v1/models'],
  dynamo: ['/v1/models'],
};

/** Longer answers are not read. */
export const MAX_SETTINGS_BYTES = 1 << 20;
/** Longer texts, such as chat templates, and settings beyond these are left out. */
const LONGEST_TEXT = 300;
const MOST_SETTINGS = 400;

/**
 * Reads the settings of a server; secrets are masked. What it does not answer is left out.
 * @param get the body at a path; undefined for any failure.
 */
export async function readSettings(
  { id }: KnownServer,
  get: (path: string) => Promise<string | undefined>,
): Promise<Record<string, JsonObject>> {
  const found: Record<string, JsonObject> = {};
  for (const path of paths[id] ?? []) {
    if (path === '/get_server_info' && found['/server_info'] !== undefined) continue;
    const settings = settingsIn(await get(path));
    if (settings !== undefined) found[path] = settings;
  }
  return found;
}

/** Adds what the info metrics of known servers tell in their labels. */
export function withInfoMetrics(
  read: readonly ServerSettings[],
  scraped: Pick<ScrapedSeries, 'heads'>,
): ServerSettings[] {
  const all = new Map(read.map((one) => [one.url, { ...one, settings: { ...one.settings } }]));
  for (const { source, family, labels } of scraped.heads()) {
    const server = serverOfFamilies([family.name]);
    if (!family.isInfo || server === undefined) continue;
    const { url } = source;
    const entry = all.get(url) ?? { server: server.name, url, settings: {} };
    const settings: Record<string, JsonObject> = entry.settings;
    // Engines of one server have the same settings, but for what is their own.
    settings[family.name] ??= settingsOfLabels(labels);
    all.set(url, entry);
  }
  return [...all.values()];
}

/** Settings that are not set, and labels that only tell series apart, are left out. */
function settingsOfLabels(labels: Labels): JsonObject {
  const set = Object.entries(labels).filter(
    ([name, value]) => value !== 'None' && value !== '' && name !== 'engine' && !name.startsWith('_'),
  );
  return shown(Object.fromEntries(set));
}

function settingsIn(body: string | undefined): JsonObject | undefined {
  if (body === undefined) return undefined;
  let json: unknown;
  try {
    json = JSON.parse(body);
  } catch {
    return undefined;
  }
  if (!isObject(json)) return undefined;
  const { data, default_generation_settings: generation } = json;
  if (Array.isArray(data)) return models(data);
  // llama.cpp has the context length of a slot one level deeper.
  const context = isObject(generation) ? generation.n_ctx : undefined;
  return shown(context === undefined ? json : { ...json, n_ctx: context });
}

/** Of each model what it is and how long its context is, by its name. */
function models(data: readonly Json[]): JsonObject | undefined {
  const entries = data.flatMap((model) => {
    if (!isObject(model) || typeof model.id !== 'string') return [];
    const { root = null, max_model_len: length = null, meta = null } = model;
    const { n_ctx_train: trained = null } = isObject(meta) ? meta : {};
    return [[model.id, shown({ root, max_model_len: length, n_ctx_train: trained })] as const];
  });
  return entries.length === 0 ? undefined : Object.fromEntries(entries.slice(0, MOST_SETTINGS));
}

/** The scalars, secrets masked. */
function shown(settings: JsonObject): JsonObject {
  const scalars = Object.entries(settings).flatMap(([name, value]): [string, Json][] => {
    if (typeof value === 'number' || typeof value === 'boolean') return [[name, value]];
    const isShort = typeof value === 'string' && value.length <= LONGEST_TEXT;
    return isShort ? [[name, withoutSecrets(value)]] : [];
  });
  return jsonWithoutSecrets(Object.fromEntries(scalars.slice(0, MOST_SETTINGS)));
}
