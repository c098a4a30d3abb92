import { callTypes, isOneOf } from '../../config/dataset-types.js';
import type { Validation } from '../../dataset/validate/validate.js';
import { counted, withThousands } from '../../util/counted.js';
import { oneLine } from '../../util/plain-text.js';

/** What a dataset is, one screen, then its notes and bad rows. */
export function validationText(path: string, { type, files, checks }: Validation): string {
  const { totals, problems, notes, graphs } = checks;
  const name = oneLine(path);
  const size = [
    ...(isOneOf(callTypes, type) ? [] : [counted(totals.rows, 'row')]),
    ...(files > 1 ? [counted(files, 'file')] : []),
  ];
  const lines = [[`${name}: ${type}`, ...size].join(', '), '', ...facts(checks), ''];
  if (notes.all.length > 0) {
    lines.push('Notes:');
    for (const { text, first, rows } of notes.all) {
      const others = rows > 1 ? ` (and ${withThousands(rows - 1)} more)` : '';
      lines.push(`  ${oneLine(first)}: ${oneLine(text)}${others}`);
    }
    lines.push('');
  }
  if (problems.count === 0) {
    const isEmpty = totals.turns === 0 && (graphs?.sessions ?? 0) === 0;
    lines.push(isEmpty ? 'There is nothing to send.' : 'Every row can be sent.');
  } else {
    lines.push(`${counted(problems.count, 'problem')}:`);
    for (const { place, text } of problems.kept) lines.push(`  ${oneLine(place)}: ${oneLine(text)}`);
    const hidden = problems.count - problems.kept.length;
    if (hidden > 0) lines.push(`  ${withThousands(hidden)} more: --all shows them`);
  }
  return `${lines.join('\n')}\n`;
}

function facts({ totals, graphs, blockSizes, untimed }: Validation['checks']): string[] {
  const { sessions, turns } = graphs ?? totals;
  const rows: [string, string][] = [
    ['Sessions', withThousands(sessions)],
    ['Requests', `${withThousands(turns)}${mean(turns, sessions, 'per session')}`],
  ];
  if (graphs !== undefined) rows.push(['Agents', withThousands(graphs.agents)]);
  const { generatedTokens, literalCharacters, outputTokens, cappedTurns, firstMs, lastMs } = totals;
  if (generatedTokens > 0) rows.push(['Input tokens', withThousands(generatedTokens)]);
  if (literalCharacters > 0) rows.push(['Text', counted(literalCharacters, 'character')]);
  if (cappedTurns > 0) rows.push(['Output tokens', `at most ${withThousands(outputTokens)}`]);
  if (blockSizes.coveredShare > 0) rows.push(['Hash ids', blockWords(blockSizes)]);
  if (lastMs >= firstMs) rows.push(['Time span', `${withThousands((lastMs - firstMs) / 1000)} s`]);
  rows.push(['Fixed schedule', scheduleWords(lastMs >= firstMs, untimed)]);
  return rows.map(([label, value]) => `  ${label.padEnd(16)}${value}`);
}

function mean(sum: number, count: number, unit: string): string {
  return sum === count || count === 0 ? '' : ` (${(sum / count).toFixed(1)} ${unit})`;
}

function blockWords({ coveredShare, fitting, blockSize }: Validation['checks']['blockSizes']): string {
  const share = `${blockSize} tokens each, which is ${(100 * coveredShare).toFixed(1)} % of the tokens of their rows`;
  if (fitting === undefined || coveredShare > 0.99) return share;
  return `${share}; all of them with --isl-block-size ${fitting}`;
}

function scheduleWords(hasTimes: boolean, untimed: Validation['checks']['untimed']): string {
  if (!hasTimes) return 'no: there are no timestamps';
  if (untimed === undefined) return 'yes';
  return `no: the first turn of the session at ${oneLine(untimed.place)} has no timestamp`;
}
