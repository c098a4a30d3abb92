import { existsSync, mkdirSync, readdirSync, readFileSync, rmdirSync, rmSync, writeFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import type { TokenizerSource } from '../dataset/tokenizer/tokenizer.js';
import { SPOOL_VERSION } from '../records/spool.js';
import { messageOf, UserError } from '../util/errors.js';
import type { CollectPlan } from './record-processor.js';

const planName = 'plan.spool';

/** The plan as JSON: file names instead of paths, and 64-bit numbers as texts. */
interface StoredPlan
  extends Omit<
    CollectPlan,
    | 'origin'
    | 'tokenizers'
    | 'recordsFile'
    | 'rawFile'
    | 'warmupFile'
    | 'seriesFile'
    | 'outputsFile'
    | 'streams'
  > {
  readonly spoolVersion: number;
  readonly origin: { readonly monotonicNs: string; readonly epochNs: string };
  readonly tokenizers: readonly (readonly [model: string, source: TokenizerSource])[] | undefined;
  readonly recordsFile: string;
  readonly rawFile: string | undefined;
  readonly warmupFile: string | undefined;
}

/**
 * Creates the spool folder, with the plan that is needed to complete the files after a crash.
 * @param folder an existing spool in it is removed.
 * @param recordsName name of the record file that is written after a crash of a run without one.
 * @throws the file system's error.
 */
export function makeSpool(folder: string, plan: CollectPlan, recordsName: string): void {
  const { seriesFile: _, outputsFile: __, streams: ___, ...kept } = plan;
  const { origin, tokenizers, recordsFile, rawFile, warmupFile, ...rest } = kept;
  const stored: StoredPlan = {
    ...rest,
    spoolVersion: SPOOL_VERSION,
    origin: { monotonicNs: `${origin.monotonicNs}`, epochNs: `${origin.epochNs}` },
    tokenizers: tokenizers && [...tokenizers],
    recordsFile: recordsFile === undefined ? recordsName : basename(recordsFile),
    rawFile: rawFile && basename(rawFile),
    warmupFile: warmupFile && basename(warmupFile),
  };
  removeSpool(folder);
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  writeFileSync(join(folder, planName), `${JSON.stringify(stored)}\n`, { flag: 'wx', mode: 0o600 });
}

/** Removes a spool, but not files of the user in its folder. @throws the file system's error. */
export function removeSpool(folder: string): void {
  if (!existsSync(folder)) return;
  const names = readdirSync(folder);
  const ours = names.filter((name) => name.endsWith('.spool'));
  for (const name of ours) rmSync(join(folder, name), { force: true });
  if (ours.length === names.length) rmdirSync(folder);
}

/** Reads the plan of a spool. @throws UserError if it is unreadable or of another version. */
export function readSpoolPlan(folder: string): CollectPlan {
  const path = join(folder, planName);
  let stored: StoredPlan;
  try {
    stored = JSON.parse(readFileSync(path, 'utf8'));
  } catch (thrown) {
    throw new UserError(
      `The spool ${folder} cannot be read: ${messageOf(thrown)}.`,
      `Delete the folder to report without the records in it.`,
    );
  }
  if (stored.spoolVersion !== SPOOL_VERSION) {
    throw new UserError(
      `The spool ${folder} has version ${stored.spoolVersion}; this aiperf reads version ${SPOOL_VERSION}.`,
      'Use the aiperf that made the run, or delete the folder to report without the records in it.',
    );
  }
  const { spoolVersion: _, origin, tokenizers, recordsFile, rawFile, warmupFile, ...rest } = stored;
  const at = (name: string | undefined) => (name === undefined ? undefined : join(dirname(folder), name));
  return {
    ...rest,
    origin: { monotonicNs: BigInt(origin.monotonicNs), epochNs: BigInt(origin.epochNs) },
    tokenizers: tokenizers && new Map(tokenizers),
    recordsFile: at(recordsFile),
    rawFile: at(rawFile),
    warmupFile: at(warmupFile),
    seriesFile: undefined,
    outputsFile: undefined,
  };
}
