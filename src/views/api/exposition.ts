import { label } from '../../util/prometheus-label.js';
import type { Family } from './families.js';

/**
 * Families in Prometheus text format. Those of one name, which differ in their labels, are written together.
 * @param labels of every sample.
 */
export function expositionText(families: Iterable<Family>, labels: Readonly<Record<string, string>>): string {
  const byName = new Map<string, string>();
  for (const { name, help, kind, samples } of families) {
    let text = byName.get(name) ?? `# HELP ${name} ${escaped(help)}\n# TYPE ${name} ${kind}\n`;
    for (const { suffix = '', labels: own, value } of samples) {
      const all = Object.entries({ ...labels, ...own }).map(([key, word]) => label(key, word));
      text += `${name}${suffix}${all.length === 0 ? '' : `{${all.join(',')}}`} ${number(value)}\n`;
    }
    byName.set(name, text);
  }
  return [...byName.values()].join('');
}

function escaped(help: string): string {
  return help.replaceAll('\\', '\\\\').replaceAll('\n', '\\n');
}

function number(value: number): string {
  return Number.isFinite(value) ? String(value) : value > 0 ? '+Inf' : value < 0 ? '-Inf' : 'NaN';
}
