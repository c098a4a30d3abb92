import { commandsReference, type ReferenceCommand } from '../config/reference.js';
import { commands } from '../main.js';
import { metricsReference } from '../metrics/reference.js';

/** The generated pages: text by path from the package's root. */
export async function referencePages(): Promise<ReadonlyMap<string, string>> {
  const described: ReferenceCommand[] = [];
  for (const [name, { summary, load }] of Object.entries(commands)) {
    described.push({ name, summary, options: (await load()).command.options });
  }
  return new Map([
    ['docs/cli.md', commandsReference(described)],
    ['docs/metrics.md', metricsReference()],
  ]);
}
