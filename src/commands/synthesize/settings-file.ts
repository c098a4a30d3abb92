import { existsSync } from 'node:fs';
import * as z from '../../config/zod.js';
import type { AgenticSettings, LogNormal } from '../../trace/agentic/settings.js';
import { UserError } from '../../util/errors.js';
import { isObject, type Json, type JsonObject } from '../../util/json.js';
import { MAX_ROW_BYTES } from '../../util/limits.js';
import { readTextFile } from '../../util/text-file.js';

const positive = z.number().gt(0);
const share = z.number().min(0).max(1);
const optionalPositive = positive.nullish();

const logNormalShape = {
  // Written to a manifest; mean and median say the same.
  mu: z.number().nullish(),
  sigma: z.number().min(0).nullish(),
  mean: positive,
  median: positive,
  min: optionalPositive,
  max: optionalPositive,
};
const isLogNormal = (of: { mean: number; median: number }) => of.mean >= of.median;
const isOrdered = (of: { min?: number | null | undefined; max?: number | null | undefined }) =>
  (of.min ?? 0) <= (of.max ?? Number.POSITIVE_INFINITY);
const meanRule = { error: 'the mean must be at least the median' };
const boundsRule = { error: 'min must be at most max' };
const logNormal = z.strictObject(logNormalShape).refine(isLogNormal, meanRule).refine(isOrdered, boundsRule);

const schema = z.strictObject({
  new_tokens_per_turn: z
    .strictObject({ ...logNormalShape, bias: positive.default(1) })
    .refine(isLogNormal, meanRule)
    .refine(isOrdered, boundsRule)
    .prefault({ mean: 3500, median: 1800 }),
  generation_length: logNormal.prefault({ mean: 500, median: 300 }),
  inter_turn_delay: z
    .strictObject({
      agentic_fraction: share.default(0.7),
      agentic_delay: logNormal.prefault({ mean: 2500, median: 1800 }),
      human_delay: logNormal.prefault({ mean: 40_000, median: 25_000 }),
      max: z.number().min(0).nullish(),
    })
    .prefault({}),
  reset: z
    .strictObject({
      base_probability: share.default(0.02),
      context_scaling: z.number().min(1).default(2),
    })
    .nullish(),
  turns: z
    .strictObject({
      mean: z.int().min(1),
      median: z.int().min(1),
      min: z.int().min(1),
      max: z.int().min(1),
      allow_truncation: z.boolean().default(false),
      max_session_attempts: z.int().min(1).nullish(),
    })
    .refine(isLogNormal, meanRule)
    .refine((of) => of.min <= of.median && of.mean <= of.max, {
      error: 'min must be at most the median, and the mean at most max',
    })
    .nullish(),
  max_prompt_tokens: z.int().min(1).default(200_000),
  block_size: z.int().min(1).default(512),
  cache: z
    .strictObject({
      layer1_tokens: z.int().min(0).default(32_000),
      layer1_5_tokens: z.int().min(0).default(20_000),
      layer2: logNormal.prefault({ mean: 10_000, median: 5000 }),
      layer1_5_groups: z
        .strictObject({
          num_groups: z.int().min(1).max(100_000).default(50),
          zipf_alpha: z.number().min(0).default(1.2),
        })
        .prefault({}),
    })
    .prefault({}),
  restart_initial_probability: share.default(0),
  restart_turn_range: z.array(z.int().min(1)).length(2).default([5, 15]),
});

/** AIPerf's other set of settings, which `--config default` names. */
const bundled: Readonly<Record<string, JsonObject>> = {
  default: {
    new_tokens_per_turn: { mean: 6000, median: 6000, max: 10_000, bias: 1.1 },
    generation_length: { mean: 1000, median: 1000, max: 1500 },
    inter_turn_delay: {
      agentic_fraction: 0.7,
      agentic_delay: { mean: 2500, median: 1800, max: 10_000 },
      human_delay: { mean: 40_000, median: 25_000, max: 120_000 },
    },
    reset: { base_probability: 0.01, context_scaling: 1.5 },
    max_prompt_tokens: 167_000,
    cache: {
      layer1_tokens: 32_000,
      layer1_5_tokens: 0,
      layer2: { mean: 15_000, median: 5000, max: 30_000 },
      layer1_5_groups: { num_groups: 1, zipf_alpha: 0.6 },
    },
  },
};

/** Settings as AIPerf's files hold them. */
export type SettingsFile = z.infer<typeof schema>;

/**
 * Reads settings: the name of a set, a file, or the manifest of an earlier data set; undefined: the defaults.
 * @throws UserError naming the file and what is wrong in it.
 */
export function readSettings(
  name: string | undefined,
  overrides: { readonly maxIsl: number | undefined; readonly maxOsl: number | undefined },
): SettingsFile {
  const written = name === undefined ? {} : (bundled[name] ?? readFile(name));
  const source = withOverrides(
    isObject(written.generation_params) ? written.generation_params : written,
    overrides,
  );
  const { success, data, error } = schema.safeParse(source);
  const where = name ?? '--max-isl and --max-osl';
  if (!success) {
    const [issue] = error.issues;
    const at = issue === undefined || issue.path.length === 0 ? '' : ` at ${issue.path.join('.')}`;
    throw new UserError(
      `${where}: ${issue?.message ?? 'cannot be read'}${at}`,
      'the keys are those of generation_params in the manifest.json that aiperf synthesize agentic-code writes',
    );
  }
  // Resets are on unless turns are counted.
  const reset =
    data.reset ?? ('reset' in source || data.turns ? null : { base_probability: 0.02, context_scaling: 2 });
  checkTogether(where, { ...data, reset });
  return { ...data, reset };
}

function readFile(path: string): JsonObject {
  if (!existsSync(path)) {
    throw new UserError(
      `--config ${path} does not exist`,
      `give a file of settings, a manifest.json, or the name ${Object.keys(bundled).join(', ')}`,
    );
  }
  let json: Json;
  try {
    json = JSON.parse(readTextFile(path, MAX_ROW_BYTES));
  } catch (error) {
    if (error instanceof UserError) throw error;
    throw new UserError(`${path} is not JSON`, 'give a JSON object of settings');
  }
  if (!isObject(json))
    throw new UserError(`${path} must hold a JSON object`, 'give a JSON object of settings');
  return json;
}

function withOverrides(
  written: JsonObject,
  { maxIsl, maxOsl }: { readonly maxIsl: number | undefined; readonly maxOsl: number | undefined },
): JsonObject {
  const { generation_length: length = { mean: 500, median: 300 } } = written;
  return {
    ...written,
    ...(maxIsl === undefined ? {} : { max_prompt_tokens: maxIsl }),
    ...(maxOsl === undefined
      ? {}
      : { generation_length: { ...(isObject(length) ? length : {}), max: maxOsl } }),
  };
}

function checkTogether(where: string, data: SettingsFile): void {
  const [from = 1, below = 1] = data.restart_turn_range;
  const fault =
    below <= from
      ? 'the first of restart_turn_range must be below the second'
      : data.turns && (data.reset || data.restart_initial_probability > 0)
        ? 'turns cannot be combined with reset or restart_initial_probability'
        : undefined;
  if (fault !== undefined) throw new UserError(`${where}: ${fault}`);
}

/** What the generator works with. */
export function agenticSettings(file: SettingsFile): AgenticSettings {
  const { inter_turn_delay: delay, cache, turns, reset } = file;
  const [from = 1, below = 2] = file.restart_turn_range;
  return {
    newTokens: { ...bounds(file.new_tokens_per_turn), bias: file.new_tokens_per_turn.bias },
    generation: bounds(file.generation_length),
    delay: {
      agenticShare: delay.agentic_fraction,
      agentic: bounds(delay.agentic_delay),
      human: bounds(delay.human_delay),
      max: delay.max ?? undefined,
    },
    reset: reset ? { probability: reset.base_probability, scaling: reset.context_scaling } : undefined,
    turns: turns
      ? { ...bounds(turns), mayTruncate: turns.allow_truncation, attempts: turns.max_session_attempts ?? 100 }
      : undefined,
    maxPromptTokens: file.max_prompt_tokens,
    blockSize: file.block_size,
    systemTokens: cache.layer1_tokens,
    groupTokens: cache.layer1_5_tokens,
    sessionTokens: bounds(cache.layer2),
    groups: cache.layer1_5_groups.num_groups,
    zipfAlpha: cache.layer1_5_groups.zipf_alpha,
    restartProbability: file.restart_initial_probability,
    restartTurns: [from, below],
  };
}

function bounds({ mean, median, min, max }: z.infer<typeof logNormal>): LogNormal {
  return { mean, median, min: min ?? undefined, max: max ?? undefined };
}
