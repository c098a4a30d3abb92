import { expect, it } from 'vitest';
import { convertedSplits, type Subsets, splitsOf } from '../../../src/dataset/public/splits.js';

function plain({ byName }: Subsets): Record<string, Record<string, readonly string[]>> {
  return Object.fromEntries([...byName].map(([subset, of]) => [subset, Object.fromEntries(of)]));
}

it('reads the subsets that a README lists, and which is meant without a name', () => {
  const paths = ['a/test-0.parquet', 'b/deep/x.parquet', 'b/y.parquet', 'c.jsonl', 'README.md'];
  const readme = `---
license: mit
configs:
- config_name: small
  data_files: a/test-*.parquet
- config_name: deep
  data_dir: b
  data_files:
  - split: dev
    path: ["**/*.parquet"]
- config_name: lines
  default: true
  data_files: {train: c.jsonl, test: gone.jsonl}
---
# Title
`;
  expect(plain(splitsOf(paths, readme))).toEqual({
    lines: { train: ['c.jsonl'] },
    small: { train: ['a/test-0.parquet'] },
    deep: { dev: ['b/deep/x.parquet', 'b/y.parquet'] },
  });
  expect(splitsOf(paths, readme).meant).toBe('lines');
  expect(splitsOf(paths, readme.replace('default: true', '')).meant).toBeUndefined();
});

it.each([
  [
    'numbered files',
    [
      'data/train-00001-of-00002.parquet',
      'data/train-00000-of-00002.parquet',
      'data/test-00000-of-00001.parquet',
    ],
    {
      train: ['data/train-00000-of-00002.parquet', 'data/train-00001-of-00002.parquet'],
      test: ['data/test-00000-of-00001.parquet'],
    },
  ],
  [
    'words',
    ['dev.jsonl', 'training/a.jsonl', 'x_test.jsonl'],
    { train: ['training/a.jsonl'], validation: ['dev.jsonl'], test: ['x_test.jsonl'] },
  ],
  ['no words', ['b.json', 'a.json', 'dataset_infos.json'], { train: ['a.json', 'b.json'] }],
  ['the most frequent format', ['a.parquet', 'b.parquet', 'a.csv'], { train: ['a.parquet', 'b.parquet'] }],
])('finds splits by %s', (_, paths, expected) => {
  expect(plain(splitsOf(paths, ''))).toEqual({ default: expected });
  // A header that is no YAML lists nothing.
  expect(plain(splitsOf(paths, '---\n: [\n---\n'))).toEqual({ default: expected });
});

it('finds nothing without data files', () => {
  expect(splitsOf(['README.md', 'load.py', 'config.json'], '').byName.size).toBe(0);
});

it('reads the branch that the hub makes', () => {
  const paths = [
    'en/test/0001.parquet',
    'en/test/0000.parquet',
    'en/partial-train/0000.parquet',
    '.gitattributes',
  ];
  expect(plain(convertedSplits(paths))).toEqual({
    en: { test: ['en/test/0000.parquet', 'en/test/0001.parquet'], train: ['en/partial-train/0000.parquet'] },
  });
});
