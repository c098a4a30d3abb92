import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { endpointTypes } from '../../src/config/options.js';

/** What other programs write or read, which have names of their own for operations and paths. */
const foreign = [
  'commands/kube/run-objects.ts',
  'commands/trace/traffic.ts',
  'dataset/loaders/otel/call.ts',
  'dataset/public/exgentic.ts',
  'traffic/asked.ts',
  'traffic/traffic-log.ts',
  'views/otel/gen-ai.ts',
];

/** Names that are also keys of bodies and levels of files, so that they say nothing about endpoints. */
const words: ReadonlySet<string> = new Set(['messages', 'responses', 'raw', 'template', 'embeddings']);
const names = endpointTypes.filter((name) => !words.has(name));
const quotedName = new RegExp(`['"\`](?:${names.join('|')})['"\`]`);

it('no other folder names an endpoint but the option that chooses one', () => {
  const files = readdirSync('src', { recursive: true, encoding: 'utf8' }).filter((file) =>
    /^(?!endpoint|mock-server).*\.ts$/.test(file),
  );
  const naming = files.filter((file) => quotedName.test(readFileSync(join('src', file), 'utf8')));
  expect(naming.sort()).toEqual(['config/options.ts', ...foreign].sort());
});
