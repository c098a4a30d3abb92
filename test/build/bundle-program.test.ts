import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { entries } from '../../src/build/bundle-program.js';

it('the package ships every program, and nothing else of dist but their chunks', () => {
  const { files } = JSON.parse(readFileSync('package.json', 'utf8'));
  const shipped = files.filter((file: string) => file.startsWith('dist'));
  expect(shipped.sort()).toEqual([...entries.map((entry) => `dist/${entry}.js`), 'dist/chunks'].sort());
  for (const file of shipped) expect(existsSync(file), file).toBe(true);
});

const modules = readdirSync('src', { recursive: true, encoding: 'utf8' }).filter(
  (path) => path.endsWith('.ts') && !/^(build|page)\/|^demo\.ts$/.test(path),
);
const sourceOf = (module: string) => readFileSync(`src/${module}`, 'utf8');

it('every program that another one starts is bundled', () => {
  const started = modules.flatMap((module) =>
    [...sourceOf(module).matchAll(/packageFile\('dist\/(.*?)\.js'\)/g)].map(([, program]) => program),
  );
  expect([...new Set(started)].sort()).toEqual([...entries].sort());
});

// A bundled module is in another folder than its source.
it('modules find files of the package by packageFile, not by their own place', () => {
  const byOwnPlace = modules.filter((module) =>
    /URL\([^;]*import\.meta\.url|import\.meta\.(dirname|filename)/.test(sourceOf(module)),
  );
  expect(byOwnPlace).toEqual(['util/package-file.ts']);
});
