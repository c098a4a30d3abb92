import { readFileSync } from 'node:fs';
import { messageOf, UserError } from '../../util/errors.js';
import { type DcgmField, dcgmFields } from './dcgm.js';

const shape = 'DCGM_FI_DEV_SM_CLOCK, gauge, SM clock frequency (in MHz)';

/**
 * Reads the file of custom metrics, in the form of DCGM exporter's own: `FIELD, type, help text` on each line, `#`
 * begins a comment. Fields that are always read are left out, and so are labels.
 * @throws UserError naming file and line.
 */
export function readCustomMetrics(path: string): readonly DcgmField[] {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (thrown) {
    throw new UserError(`GPU metrics file not readable: ${path}: ${messageOf(thrown)}.`);
  }
  const known = new Set(dcgmFields.map(({ field }) => field));
  const fields = new Map<string, DcgmField>();
  for (const [index, line] of text
    .replace(/^\ufeff/, '')
    .split(/\r?\n/)
    .entries()) {
    const trimmed = line.trim();
    if (trimmed === '' || trimmed.startsWith('#')) continue;
    const refuse = (fault: string) => new UserError(`${path}:${index + 1}: ${fault}.`);
    const [, field = '', type = '', help = ''] = /^([^,]*),([^,]*),(.*)$/.exec(trimmed) ?? [];
    const name = field.trim();
    if (!/^DCGM_FI_\w+$/.test(name)) {
      throw refuse(`expected a DCGM field, its type and a help text, such as "${shape}", got "${trimmed}"`);
    }
    const kind = type.trim().toLowerCase();
    if (kind === 'label') continue;
    if (kind !== 'gauge' && kind !== 'counter')
      throw refuse(`the type of ${name} must be gauge or counter, got "${type.trim()}"`);
    if (!known.has(name)) fields.set(name, customField(name, kind, unquoted(help.trim())));
  }
  return [...fields.values()];
}

function customField(field: string, kind: 'gauge' | 'counter', help: string): DcgmField {
  const plain = field.replace(/^DCGM_FI_(DEV_|PROF_)?/, '').toLowerCase();
  const header = help
    .replace(/\([^)]*\)/g, ' ')
    .replace(/[\s.]+$/, '')
    .split(/\s+/)
    .filter((word) => word !== '')
    .map((word) => word.charAt(0).toUpperCase() + word.slice(1))
    .join(' ');
  const unit = /\(in ([^)]+)\)/.exec(help)?.[1] ?? 'count';
  return { field, metric: { name: `nvidia_${plain}`, header: header || plain, unit, kind }, factor: 1 };
}

/** A help text with commas may be in quotes. */
function unquoted(text: string): string {
  return /^".*"$/.test(text) ? text.slice(1, -1).replaceAll('""', '"') : text;
}
