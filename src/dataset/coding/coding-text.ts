import { randomStream } from '../../util/random.js';
import { json, sql, yaml } from './data.js';
import { type Draw, openDraw } from './draw.js';
import { goFile } from './go.js';
import { pythonModule, pythonTests, pythonTraceback } from './python.js';
import { rustModule } from './rust.js';
import { diff, log, markdown, request, shell } from './text.js';
import { typescriptModule, typescriptTests } from './typescript.js';

/** Kinds of snippets with their share of the text, in parts. */
const kinds: readonly (readonly [(draw: Draw) => string, number])[] = [
  [pythonModule, 5],
  [pythonTests, 3],
  [pythonTraceback, 2],
  [typescriptModule, 4],
  [typescriptTests, 2],
  [goFile, 3],
  [rustModule, 3],
  [sql, 3],
  [json, 2],
  [yaml, 1],
  [markdown, 3],
  [request, 3],
  [log, 3],
  [shell, 4],
  [diff, 3],
];

const snippets = 1200;

/**
 * What passes between a coding assistant and its user: code in four languages, tests, logs, SQL, JSON, YAML, diffs,
 * terminals, Markdown. Generated from templates; always the same 1.4 million characters of ASCII.
 */
export function codingText(): string {
  const draw = openDraw(randomStream(0, 'coding-corpus'));
  const parts = kinds.flatMap(([make, share]) => Array<typeof make>(share).fill(make));
  return Array.from({ length: snippets }, () => draw.pick(parts)(draw))
    .join('\n')
    .replaceAll(/[ \t]+$/gm, '');
}
