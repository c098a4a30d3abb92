import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, normalize } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { load } from '../src/config/load.js';
import { commands } from '../src/main.js';

const pages = [
  ...['README.md', 'CONTRIBUTING.md', 'bench/README.md', 'examples/README.md'],
  ...readdirSync('docs').map((name) => `docs/${name}`),
];

const folder = mkdtempSync(join(tmpdir(), 'aiperf-docs-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const serverYaml = 'model: qwen3\nurl: http://localhost:8000\nstreaming: true\ntokenizer: builtin\n';

/** Every command line of aiperf in a page's shell blocks. */
function commandLines(page: string): string[] {
  const blocks = [...readFileSync(page, 'utf8').matchAll(/^```sh\n([\s\S]*?)^```/gm)];
  return blocks
    .flatMap(([, block = '']) => block.replaceAll('\\\n', ' ').split('\n'))
    .filter((line) => line.startsWith('aiperf '))
    .map((line) => line.replaceAll(/ +/g, ' '));
}

/** Words as a shell reads them, up to a comment, pipe or redirection; files and folders are made, so that they exist. */
function wordsOf(line: string): string[] {
  const words = [...line.matchAll(/(?:'[^']*'|"[^"]*"|[^\s'"])+/g)].map(([word]) =>
    word.replaceAll(/['"]/g, '').replace('$ENDPOINT_URL', 'http://localhost:8000'),
  );
  const end = words.findIndex((word) => /^[#|>]/.test(word));
  return words.slice(1, end === -1 ? undefined : end).map((word) => {
    const path = join(folder, word.replace(/[<>]/g, ''));
    if (/^artifacts\/|^\w+\/$/.test(word)) mkdirSync(path, { recursive: true });
    else if (/\.(yaml|jsonl?|csv|parquet)$/.test(word) && !word.includes('://')) {
      mkdirSync(dirname(path), { recursive: true });
      writeFileSync(path, word.endsWith('.yaml') ? serverYaml : '{}\n');
    } else return word;
    return path;
  });
}

describe.each(pages)('%s', (page) => {
  it.each(commandLines(page))('%s', async (line) => {
    const words = wordsOf(line);
    const two = Object.hasOwn(commands, words.slice(0, 2).join(' '));
    const entry = commands[words.slice(0, two ? 2 : 1).join(' ')];
    if (entry === undefined) throw new Error(`there is no such command: ${line}`);
    const { command } = await entry.load();
    const argv = words.slice(two ? 2 : 1).filter((word) => word !== '--help');
    await load(command.options, argv, {}, command.check?.bind(command), command.refuse);
  });

  it('links only to files and headings that exist', () => {
    const links = [...readFileSync(page, 'utf8').matchAll(/\]\(([^)\s]+)\)/g)].map(([, link = '']) => link);
    const broken = links.filter((link) => {
      const [path = '', heading] = link.split('#');
      if (/^https?:/.test(link)) return false;
      try {
        const text = readFileSync(path === '' ? page : normalize(join(dirname(page), path)), 'utf8');
        return heading !== undefined && !headingsOf(text).includes(heading);
      } catch {
        return true;
      }
    });
    expect(broken).toEqual([]);
  });
});

/** Headings as they are named in links. */
function headingsOf(text: string): string[] {
  return [...text.matchAll(/^#+ (.*)$/gm)].map(([, title = '']) =>
    title
      .toLowerCase()
      .replace(/[^\w\- ]/g, '')
      .replaceAll(' ', '-'),
  );
}
