import { UserError } from '../../util/errors.js';
import { RowColumns } from './columns.js';
import { isForeignField, isTurn, NumberedNames, promptFields } from './fields.js';
import { Rareness, type Rarity, rarities } from './rarity.js';
import { type PrivacyRow, privacyRows } from './row.js';

/** What counts as revealing. */
export interface PrivacyLimits {
  /** A length, or number of turns, that fewer rows or conversations have is rare. */
  readonly fewest: number;
  /** Times that are no multiples of this many ms are exact. */
  readonly timeStepMs: number;
  readonly blockSize: number;
}

/** Everything that a trace can reveal; the first group is never acceptable, rows of the second may be. */
export const alwaysWrong = [
  'prompts',
  'unknown fields',
  'model names',
  'session names',
  'raw hash ids',
  'more blocks than tokens',
  'absolute times',
] as const;
const perRow = ['rare input lengths', 'rare output lengths', 'rare conversations', 'exact times'] as const;
const findingNames = [...alwaysWrong, ...perRow] as const;
type FindingName = (typeof findingNames)[number];

/** Rows with the same finding. */
export interface Finding {
  readonly name: FindingName;
  readonly rows: number;
  /** The first few. */
  readonly lines: readonly number[];
  /** Names of unknown fields. */
  readonly fields: readonly string[];
}

export interface PrivacyReport {
  readonly rows: number;
  readonly findings: readonly Finding[];
}

const MOST_EXAMPLES = 3;
/** Earlier timestamps are relative: 1973 in ms. */
const FIRST_EPOCH_MS = 1e11;
/** A trace whose first timestamp is later has epochs: 2001 in s. */
const FIRST_EPOCH_S = 1e9;

/** Finds what a trace reveals, as a stream; memory holds 16 bytes a row. @throws UserError for a malformed row. */
export async function checkPrivacy(path: string, limits: PrivacyLimits): Promise<PrivacyReport> {
  const checker = new PrivacyChecker(limits);
  for await (const row of privacyRows(path)) checker.add(row);
  return checker.report(path);
}

class PrivacyChecker {
  readonly #limits: PrivacyLimits;
  readonly #columns = new RowColumns();
  readonly #found = new Map<FindingName, { rows: number; lines: number[]; fields: Set<string> }>();
  readonly #models = new NumberedNames('model-', 1);
  readonly #sessions = new NumberedNames('', 0);
  readonly #conversations = new NumberedNames('', 0);
  /** Ids below it have appeared, if all are numbered in order of appearance. */
  #nextId = 0;
  #firstMs: number | undefined;

  constructor(limits: PrivacyLimits) {
    this.#limits = limits;
  }

  add(row: PrivacyRow): void {
    const { line, json, timestampMs, delayMs, inputLength = -1, outputLength = -1, conversation } = row;
    this.#columns.add(line, inputLength, outputLength, conversation);
    const keys = Object.keys(json);
    const foreign = keys.filter(isForeignField);
    if ('turn' in json && !isTurn(json.turn)) foreign.push('turn');
    if (row.repeatsField) foreign.push('a field twice');
    const { timeStepMs, blockSize } = this.#limits;
    if (keys.some((key) => promptFields.has(key))) this.#note('prompts', line);
    if (foreign.length > 0) this.#note('unknown fields', line, foreign);
    if (!this.#models.accepts(json.model)) this.#note('model names', line);
    const isSessionNumbered = this.#sessions.accepts(json.session_id);
    const isConversationNumbered = this.#conversations.accepts(json.conversation);
    if (!isSessionNumbered || !isConversationNumbered) this.#note('session names', line);
    if (!this.#isNumberedInOrder(row)) this.#note('raw hash ids', line);
    const isTooShort = inputLength >= 0 && row.hashIds.length > Math.ceil(inputLength / blockSize);
    if (isTooShort) this.#note('more blocks than tokens', line);
    this.#firstMs ??= timestampMs;
    const originMs = (this.#firstMs ?? 0) >= FIRST_EPOCH_S ? 0 : FIRST_EPOCH_MS;
    if (timestampMs !== undefined && timestampMs >= originMs) this.#note('absolute times', line);
    const isExact = (ms = 0) => ms % timeStepMs !== 0;
    if (isExact(timestampMs) || isExact(delayMs)) this.#note('exact times', line);
  }

  report(path: string): PrivacyReport {
    const columns = this.#columns;
    if (columns.size === 0) throw new UserError(`${path} holds no rows`, 'expected one JSON object per line');
    const rareness = new Rareness(columns, this.#limits.fewest);
    for (let row = 0; row < columns.size; row++) {
      for (const rarity of rarities) {
        if (rareness.isRare(row, rarity)) this.#note(rareFindings[rarity], columns.line(row));
      }
    }
    const findings = findingNames.flatMap((name) => {
      const found = this.#found.get(name);
      return found === undefined ? [] : [{ ...found, name, fields: [...found.fields] }];
    });
    return { rows: columns.size, findings };
  }

  #isNumberedInOrder({ hashIds }: PrivacyRow): boolean {
    for (const id of hashIds) {
      if (typeof id !== 'number' || id < 0 || id > this.#nextId) return false;
      if (id === this.#nextId) this.#nextId++;
    }
    return true;
  }

  #note(name: FindingName, line: number, fields: readonly string[] = []): void {
    const found = this.#found.get(name) ?? { rows: 0, lines: [], fields: new Set() };
    this.#found.set(name, found);
    found.rows++;
    if (found.lines.length < MOST_EXAMPLES) found.lines.push(line);
    for (const field of fields) if (found.fields.size < MOST_EXAMPLES) found.fields.add(field);
  }
}

const rareFindings: Readonly<Record<Rarity, FindingName>> = {
  input_length: 'rare input lengths',
  output_length: 'rare output lengths',
  turns: 'rare conversations',
};
