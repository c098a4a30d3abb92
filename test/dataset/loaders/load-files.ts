import { mkdirSync, mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import type { Conversation } from '../../../src/dataset/conversation.js';
import type { DatasetOptions } from '../../../src/dataset/dataset-options.js';
import { type DatasetPlan, openDataset, planDataset } from '../../../src/dataset/plan.js';
import type { PromptSource } from '../../../src/dataset/prompts.js';
import { UserError } from '../../../src/util/errors.js';
import { removeLater } from '../../clean-up.js';
import { options } from '../options.js';

// Prompts that tell what was asked for.
const prompts: PromptSource = {
  prompt: (tokens) => `${tokens} tokens`,
  blocks: (ids, inputLength, blockSize) => `${Array.from(ids).join('-')} of ${blockSize} in ${inputLength}`,
};

/** Writes files into a folder of their own. @returns the folder. */
export function writeFolder(contents: Readonly<Record<string, string | Buffer>>): string {
  const own = removeLater(mkdtempSync(join(tmpdir(), 'aiperf-files-')));
  for (const [name, content] of Object.entries(contents)) {
    const path = join(own, name);
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, content);
  }
  return own;
}

/** Writes one file. @returns its path. */
export function write(content: string | Buffer, name = 'rows.jsonl'): string {
  return join(writeFolder({ [name]: content }), name);
}

/** Rows as JSON lines. */
export const lines = (...rows: object[]) => rows.map((row) => JSON.stringify(row)).join('\n');

/** What a file is loaded as; FILE stands for its path in the log. */
export interface Loaded {
  readonly plan: DatasetPlan;
  readonly conversations: readonly Conversation[];
  readonly log: readonly string[];
}

/** Loads a file or folder as a run does. */
export async function load(path: string, changes: Partial<DatasetOptions> = {}): Promise<Loaded> {
  const log: string[] = [];
  const plan = await planDataset({ ...options, ...changes, inputFile: path }, (level, logger, message) => {
    log.push(`${level} ${logger} ${message.replace(path, 'FILE')}`);
  });
  const dataset = openDataset(structuredClone(plan), prompts);
  const conversations = Array.from({ length: dataset.size }, (_, index) => dataset.conversation(index));
  return { plan, conversations, log };
}

/** The message and hint of the UserError that loading ends in, with FILE for the path. */
export async function refusal(path: string, changes: Partial<DatasetOptions> = {}): Promise<string> {
  try {
    await load(path, changes);
  } catch (error) {
    if (error instanceof UserError) return error.message.replaceAll(path, 'FILE');
    throw error;
  }
  return 'accepted';
}

/** Each session as its ID and, per turn, the prompt or body, cap and time. */
export function sessions(loaded: Loaded): unknown[] {
  return loaded.conversations.map(({ sessionId, turns, history }) => ({
    sessionId,
    history,
    turns: turns.map(({ texts, payload, messages, maxTokens, timestampMs, delayMs }) => [
      payload ?? messages ?? texts[0]?.contents[0],
      maxTokens,
      timestampMs,
      ...(delayMs === undefined ? [] : [delayMs]),
    ]),
  }));
}
