import type { JsonObject } from '../../util/json.js';
import { RowError } from '../loaders/format.js';
import { type Cell, type Cells, isStruct, textOf } from './cells.js';
import type { RowMapping, RowTools } from './mapping.js';
import { audioIn, imageIn, videoIn } from './media.js';

/** Where the parts of a request are. */
export interface PromptColumns {
  /** A column, or a text with columns in braces: `{context}\n\n{question}`; '' for none. */
  readonly prompt: string;
  readonly system?: string;
  readonly image?: string;
  readonly audio?: string;
  readonly video?: string;
  /** A recorded answer, whose length in tokens is the maximum of the request's. */
  readonly output?: string;
  /** That maximum itself. */
  readonly outputLength?: string;
}

/** A request per row. Rows without a prompt are skipped, unless the endpoint takes none. */
export function prompts(columns: PromptColumns): RowMapping {
  const { prompt, system, image, audio, video, output, outputLength } = columns;
  const inPrompt = columnsIn(prompt);
  const others = [system, image, audio, video, output, outputLength].filter((name) => name !== undefined);
  return {
    type: system === undefined ? 'single_turn' : 'multi_turn',
    columns: [...inPrompt, ...others],
    ...(output === undefined ? {} : { countsTokens: true }),
    async read(row, tools) {
      const text = filled(prompt, row);
      if (tools.takesText && text.trim() === '') {
        tools.warn('no prompt: skipped');
        return [];
      }
      const sound = audio === undefined ? undefined : await audioIn(row[audio]);
      const turn: JsonObject = {
        ...(tools.takesText ? { text } : {}),
        ...named('image', image === undefined ? undefined : imageIn(row[image])),
        ...named('audio', sound?.source),
        ...named('video', video === undefined ? undefined : videoIn(row[video])),
        ...named('output_length', outputTokens(row, columns, tools)),
      };
      if (system === undefined) return [turn];
      const systemText = textOf(row[system]);
      return [{ turns: [...(systemText === '' ? [] : [{ role: 'system', text: systemText }]), turn] }];
    },
  };
}

/** A question with choices by letter, and a video. Rows without a video are skipped. */
export const choicesWithVideo: RowMapping = {
  type: 'single_turn',
  columns: ['question', 'choices', 'video'],
  read(row, { warn }) {
    const choices = isStruct(row.choices) ? Object.entries(row.choices) : [];
    const offered = choices.flatMap(([letter, choice]) => (choice ? [`${letter}.${textOf(choice)}`] : []));
    const text = [textOf(row.question).trim(), offered.join(' ')].filter((part) => part !== '').join(' ');
    const video = videoIn(row.video);
    if (text !== '' && video !== undefined) return [{ text, video }];
    warn(text === '' ? 'no prompt: skipped' : 'no video: skipped');
    return [];
  },
};

/** Texts of a user, each of them a turn. @param mostTurns later ones are left out. */
export function userTurns(column: string, mostTurns = Number.POSITIVE_INFINITY): RowMapping {
  return {
    type: 'multi_turn',
    columns: [column],
    read(row, { warn }) {
      const texts = Array.isArray(row[column]) ? row[column].map((item) => textOf(item).trim()) : [];
      const turns = texts.slice(0, mostTurns).flatMap((text) => (text === '' ? [] : [{ text }]));
      if (turns.length > 0) return [{ turns }];
      warn('no prompt: skipped');
      return [];
    },
  };
}

/** The columns that a prompt is made of. */
export function columnsIn(prompt: string): string[] {
  const inBraces = [...prompt.matchAll(/\{(\w[^{}]*)\}/g)].map(([, name = '']) => name);
  if (inBraces.length > 0) return inBraces;
  return prompt === '' ? [] : [prompt];
}

function filled(prompt: string, row: Cells): string {
  const isTemplate = /\{\w[^{}]*\}/.test(prompt);
  if (!isTemplate) return promptText(row[prompt], prompt);
  return prompt.replace(/\{(\w[^{}]*)\}/g, (_, name: string) => textOf(row[name]));
}

function promptText(cell: Cell | undefined, column: string): string {
  if (Array.isArray(cell) || isStruct(cell)) {
    throw new RowError(`the column ${column} holds no text`);
  }
  return textOf(cell);
}

function outputTokens(
  row: Cells,
  { output, outputLength }: PromptColumns,
  tools: RowTools,
): number | undefined {
  if (outputLength !== undefined) {
    const length = Number(row[outputLength]);
    if (Number.isSafeInteger(length) && length > 0) return length;
    throw new RowError(`${outputLength} must be an integer above 0, got ${String(row[outputLength])}`);
  }
  const answer = output === undefined ? '' : textOf(row[output]);
  return answer === '' ? undefined : Math.max(1, tools.countTokens(answer));
}

function named(key: string, value: string | number | undefined): JsonObject {
  return value === undefined ? {} : { [key]: value };
}
