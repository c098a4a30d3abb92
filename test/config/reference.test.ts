import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { referencePages } from '../../src/build/pages.js';

const pages = await referencePages();

it.each([...pages.keys()])('%s is what the tables give; npm run docs writes it', (path) => {
  expect(readFileSync(path, 'utf8')).toBe(pages.get(path));
});
