import { existsSync, statSync } from 'node:fs';
import { join } from 'node:path';
import type { Check, Findings } from '../../config/load.js';
import type { OptionTable } from '../../config/option.js';
import { integer, list, path } from '../../config/option-kinds.js';
import { profileOptions } from '../../config/options.js';
import { messagesPage, type SentSession, type SentTurn } from '../../report/page/messages-page.js';
import { findRun } from '../../run/find.js';
import { withThousands } from '../../util/counted.js';
import { UserError } from '../../util/errors.js';
import type { Io } from '../../util/io.js';
import { isObject, type Json, type JsonObject } from '../../util/json.js';
import { readLines } from '../../util/lines.js';
import { oneLine } from '../../util/plain-text.js';
import { writeWithFolder } from '../../util/write-whole.js';
import type { Command, Invocation } from '../command.js';

const messageOptions = {
  runs: list({
    argument: 'dir',
    flags: ['--run-dirs'],
    group: 'Input',
    greedy: true,
    items: 'artifact directories',
    default: ['artifacts'],
    help: 'Artifact directories of runs with --export-level raw.',
  }),
  profileExportPrefix: { ...profileOptions.profileExportPrefix, group: 'Input' },
  out: path({
    flags: ['-o', '--out'],
    group: 'Output',
    defaultText: '<dir>/turn_messages.html',
    help: 'Page to write; of one run only.',
  }),
  limitConversations: integer({
    flags: ['-n', '--limit-conversations'],
    group: 'Output',
    min: 1,
    max: 10_000,
    default: 40,
    help: 'Most sessions on the page, in order of their first requests.',
  }),
  maxTurns: integer({
    flags: ['--max-turns'],
    group: 'Output',
    min: 1,
    max: 10_000,
    default: 60,
    help: 'Most turns of a session.',
  }),
  contentCap: integer({
    flags: ['--content-cap'],
    group: 'Output',
    min: 1,
    max: 10_000_000,
    default: 8000,
    help: 'Most characters of a message.',
  }),
} satisfies OptionTable;

type Limits = Pick<
  Invocation<typeof messageOptions>['config'],
  'limitConversations' | 'maxTurns' | 'contentCap'
>;

/** `aiperf analyze turn-messages`: shows the messages that a run sent, turn by turn. */
export const command: Command<typeof messageOptions> = { options: messageOptions, check, run };

function check(...[{ config }, isValid]: Parameters<Check<typeof messageOptions>>): Findings {
  const isAmbiguous = isValid('out', 'runs') && config.out !== undefined && config.runs.length > 1;
  return { errors: isAmbiguous ? ['--out needs a single run directory.'] : [], warnings: [] };
}

async function run({ config }: Invocation<typeof messageOptions>, io: Io): Promise<number> {
  let failed = false;
  for (const dir of config.runs) {
    try {
      const { raw } = findRun(dir, config.profileExportPrefix);
      if (!existsSync(raw))
        throw new UserError(`no raw records in ${dir}: run aiperf profile with --export-level raw first`);
      const { sessions, others } = readSessions(raw, config);
      const out = config.out ?? join(dir, 'turn_messages.html');
      for (const trouble of writeWithFolder(out, messagesPage(dir, sessions, others)))
        throw new UserError(trouble);
      io.stdout.write(`saved ${oneLine(out)} (${withThousands(Math.ceil(statSync(out).size / 1024))} KB)\n`);
    } catch (thrown) {
      if (!(thrown instanceof UserError)) throw thrown;
      io.stderr.write(`skip ${oneLine(dir)}: ${oneLine(thrown.message)}\n`);
      failed = true;
    }
  }
  return failed ? 1 : 0;
}

/** The first sessions of a run, and the number of the others; only what the page shows is held. */
function readSessions(path: string, limits: Limits): { sessions: SentSession[]; others: number } {
  const sessions = new Map<string, { id: string; depth: number; turns: SentTurn[]; hidden: number }>();
  const left = new Set<string>();
  for (const { text, number, ended } of readLines(path)) {
    const line = parsed(text, path, number, ended);
    if (line === undefined) continue;
    const { metadata, payload } = line;
    if (!isObject(metadata) || !isObject(payload)) continue;
    const id = String(metadata.x_correlation_id ?? metadata.conversation_id ?? '');
    let session = sessions.get(id);
    if (session === undefined) {
      if (sessions.size === limits.limitConversations) {
        left.add(id);
        continue;
      }
      session = {
        id: String(metadata.conversation_id ?? id),
        depth: Number(metadata.agent_depth ?? 0),
        turns: [],
        hidden: 0,
      };
      sessions.set(id, session);
    }
    if (session.turns.length === limits.maxTurns) session.hidden++;
    else session.turns.push(sentTurn(metadata, payload, limits.contentCap));
  }
  return {
    sessions: [...sessions.values()].map((session) => ({
      ...session,
      turns: session.turns.sort((a, b) => a.turn - b.turn),
    })),
    others: left.size,
  };
}

/** Undefined for an empty line, and for one that a killed process left. */
function parsed(text: string, path: string, line: number, ended: boolean): JsonObject | undefined {
  if (text.trim() === '') return undefined;
  try {
    const json: Json = JSON.parse(text);
    if (isObject(json)) return json;
  } catch {
    if (!ended) return undefined;
  }
  throw new UserError(`${path}:${line}: this line is not a record of a request`);
}

function sentTurn(metadata: JsonObject, payload: JsonObject, cap: number): SentTurn {
  const { messages, input, prompt, system, instructions } = payload;
  const list = Array.isArray(messages)
    ? messages
    : Array.isArray(input)
      ? input
      : [prompt ?? input ?? payload];
  const leading = [system, instructions].filter((text) => text !== undefined);
  return {
    turn: Number(metadata.turn_index ?? 0),
    phase: String(metadata.benchmark_phase ?? ''),
    messages: [
      ...leading.map((content) => ({ role: 'system', text: cut(contentText(content), cap) })),
      ...list.map((message) => ({
        role: isObject(message) && typeof message.role === 'string' ? message.role : 'prompt',
        text: cut(isObject(message) && 'role' in message ? messageText(message) : contentText(message), cap),
      })),
    ],
  };
}

function messageText({ content, tool_calls: calls }: JsonObject): string {
  return [contentText(content), ...(calls === undefined ? [] : [JSON.stringify(calls)])]
    .filter((text) => text !== '')
    .join('\n');
}

function contentText(content: Json | undefined): string {
  if (typeof content === 'string') return content;
  if (content === undefined || content === null) return '';
  if (!Array.isArray(content)) return JSON.stringify(content);
  return content
    .map((part) => (isObject(part) && typeof part.text === 'string' ? part.text : JSON.stringify(part)))
    .join('\n');
}

function cut(text: string, cap: number): string {
  return text.length <= cap
    ? text
    : `${text.slice(0, cap)} … (${withThousands(text.length - cap)} more characters)`;
}
