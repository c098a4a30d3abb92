import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { endpointTypes } from '../../src/config/options.js';

const quotedName = new RegExp(`['"\`](?:${endpointTypes.join('|')})['"\`]`);

it('no other folder names an endpoint but the option that chooses one', () => {
  const files = readdirSync('src', { recursive: true, encoding: 'utf8' }).filter((file) =>
    /^(?!endpoint|mock-server).*\.ts$/.test(file),
  );
  expect(files.filter((file) => quotedName.test(readFileSync(join('src', file), 'utf8')))).toEqual([
    'config/options.ts',
  ]);
});
