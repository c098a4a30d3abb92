import { join } from 'node:path';
import { seriesManifest } from '../../../run/files.js';
import { UserError } from '../../../util/errors.js';
import { isObject, type Json, type JsonObject } from '../../../util/json.js';
import { readJsonObject } from '../../../util/json-file.js';
import { andList } from '../../../util/lists.js';
import { Float, prettyJson } from '../../../util/python-json.js';
import { version } from '../../../util/version.js';
import { writeWhole } from '../../../util/write-whole.js';
import type { FileDigest } from '../input-files.js';

/** A digest read from a file. */
type StoredDigest = { readonly [Member in keyof FileDigest]?: FileDigest[Member] | undefined };

/** What a series is known by when it is taken up again; written before its first run. */
export interface Manifest {
  /** A UUID that all of its runs share. */
  readonly sweepId: string;
  readonly seeds: readonly number[];
  /** The values of all options that bear on results, as text, by the option's first spelling; lists as lists. */
  readonly options: Readonly<Record<string, string>>;
  /** Content of every file that the options name. */
  readonly files: readonly FileDigest[];
}

/** @param cooldownSeconds between repeats. @returns a sentence where it cannot be written. */
export function writeManifest(
  folder: string,
  { sweepId, seeds, options, files }: Manifest,
  cooldownSeconds: number,
): string[] {
  const text = prettyJson({
    ...{ sweep_id: sweepId, aiperf_version: version, seeds, options },
    files: files.map((file) => ({ ...file })),
    cooldown_seconds: new Float(cooldownSeconds),
  });
  return writeWhole(join(folder, seriesManifest), text);
}

/** Seconds between the repeats of the series that a folder holds; undefined where it does not say. */
export function recordedCooldown(folder: string): number | undefined {
  const seconds = readJsonObject(join(folder, seriesManifest))?.cooldown_seconds;
  return typeof seconds === 'number' ? seconds : undefined;
}

/**
 * The manifest of the series that a folder holds; undefined where it holds none.
 * @throws UserError where it was made with other options, other content of their files, or another version of ours.
 */
export function readManifest(
  folder: string,
  { options, files }: Pick<Manifest, 'options' | 'files'>,
): Manifest | undefined {
  const json = readJsonObject(join(folder, seriesManifest));
  if (json === undefined) return undefined;
  const theirs = isObject(json.options) ? json.options : {};
  const changes = [
    ...optionChanges(theirs, options),
    ...(json.aiperf_version === version ? [] : [`aiperf was ${said(json.aiperf_version)} and is ${version}`]),
  ];
  if (changes.length > 0) {
    throw new UserError(
      `--resume: ${folder} holds runs of another configuration: ${andList(changes)}.`,
      'Give the options that they were made with, name another folder with --artifact-dir, or leave out --resume to start anew.',
    );
  }
  const changedFiles = fileChanges(storedFiles(json.files), files);
  if (changedFiles.length > 0) {
    throw new UserError(
      `--resume: ${folder} holds runs of other data: ${andList(changedFiles)}.`,
      'Restore the files that they were made with, name another folder with --artifact-dir, or leave out --resume to start anew.',
    );
  }
  const seeds = Array.isArray(json.seeds) ? json.seeds.filter((seed) => typeof seed === 'number') : [];
  return typeof json.sweep_id === 'string' ? { sweepId: json.sweep_id, seeds, options, files } : undefined;
}

/** The series whose runs a folder holds; undefined: none. */
export function seriesIn(folder: string): string | undefined {
  const id = readJsonObject(join(folder, seriesManifest))?.sweep_id;
  return typeof id === 'string' ? id : undefined;
}

/** What differs between two series, one phrase each. @param except names of options that may differ. */
export function manifestChanges(
  before: Pick<Manifest, 'options' | 'files'>,
  now: Pick<Manifest, 'options' | 'files'>,
  except: ReadonlySet<string>,
): string[] {
  return [...optionChanges(before.options, now.options, except), ...fileChanges(before.files, now.files)];
}

/** What differs between the options of two runs, one phrase each. @param except names of options that may differ. */
export function optionChanges(
  before: JsonObject,
  now: JsonObject,
  except: ReadonlySet<string> = new Set(),
): string[] {
  return [...new Set([...Object.keys(now), ...Object.keys(before)])]
    .filter((name) => !except.has(name) && before[name] !== now[name])
    .map((name) => `${name} was ${said(before[name])} and is ${said(now[name])}`);
}

function storedFiles(json: Json | undefined): readonly FileDigest[] {
  return (Array.isArray(json) ? json : []).flatMap((file) => {
    if (!isObject(file)) return [];
    const { option, name, bytes, sha256 } = file;
    return [{ option: String(option), name: String(name), bytes: Number(bytes), sha256: String(sha256) }];
  });
}

/** What differs between the files of two runs, one phrase each. */
export function fileChanges(before: readonly StoredDigest[], now: readonly StoredDigest[]): string[] {
  const keyOf = ({ option, name }: StoredDigest) => `${option} ${name}`;
  const earlier = new Map(before.map((file) => [keyOf(file), file]));
  const current = new Map(now.map((file) => [keyOf(file), file]));
  return [...new Set([...earlier.keys(), ...current.keys()])].flatMap((key) => {
    const [was, is] = [earlier.get(key), current.get(key)];
    if (was === undefined) return [`${key} is new`];
    if (is === undefined) return [`${key} is missing`];
    if (was.bytes !== is.bytes) return [`${key} had ${was.bytes} bytes and has ${is.bytes}`];
    return was.sha256 === is.sha256 ? [] : [`${key} has other content (${is.bytes} bytes as before)`];
  });
}

function said(value: Json | undefined): string {
  return typeof value === 'string' ? value : 'not there';
}
