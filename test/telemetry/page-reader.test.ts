import { describe, expect, it } from 'vitest';
import { PageReader } from '../../src/telemetry/page-reader.js';

/** Samples of the last page as `name{labels}: value`. */
function samplesOf(pages: readonly string[]): readonly string[] {
  const reader = new PageReader();
  const names: string[] = [];
  for (const page of pages) {
    reader.read(Buffer.from(page));
    for (const { id, name, labels } of reader.fresh)
      names[id] = labels.length === 0 ? name : `${name}${JSON.stringify(Object.fromEntries(labels))}`;
  }
  return [...reader.ids.subarray(0, reader.count)].map((id) => `${names[id]}: ${reader.values[id]}`);
}

describe('lines of a page', () => {
  it.each([
    ['a 1\n', ['a: 1']],
    ['a 1', ['a: 1']],
    ['\t a\t 1 \r\n', ['a: 1']],
    ['a{} 1\n', ['a: 1']],
    ['a{x="1",} 2\n', ['a{"x":"1"}: 2']],
    ['a { x = "1" , y = "2" } 3\n', ['a{"x":"1","y":"2"}: 3']],
    ['a{x="q\\"b\\\\n\\n\\t}"} 4\n', ['a{"x":"q\\"b\\\\n\\n\\\\t}"}: 4']],
    ['a{x="Zürich 東京"} 5\n', ['a{"x":"Zürich 東京"}: 5']],
    ['{"my.name","a b"="1"} 6\n', ['my.name{"a b":"1"}: 6']],
    ['a 1 1700000000000\n', ['a: 1']],
    ['a 1 1700000000.123 # {trace_id="x"} 0.5 1700000000.1\n', ['a: 1']],
    ['a 1 # {trace_id="x"} 0.5\n', ['a: 1']],
    [
      'a -0.000123\nb 1.5e-7\nc +2\nd 9007199254740993\n',
      ['a: -0.000123', 'b: 1.5e-7', 'c: 2', 'd: 9007199254740992'],
    ],
    ['a 0.1\nb 123456.789012345678\nc .5\nd 5.\n', ['a: 0.1', 'b: 123456.78901234567', 'c: 0.5', 'd: 5']],
    ['a NaN\nb +Inf\nc -inf\n', ['a: NaN', 'b: NaN', 'c: NaN']],
    ['# EOF\n# any comment\n#\n\na 1\n', ['a: 1']],
  ])('%j', (page, samples) => {
    expect(samplesOf([page])).toEqual(samples);
  });

  it.each([
    'a\n',
    'a \n',
    'a one\n',
    'a 1 x\n',
    'a 1 2 3\n',
    'a 1 # x\n',
    'a{x="1" 1\n',
    'a{x="1"y="2"} 1\n',
    'a{x=1} 1\n',
    'a{"x"} 1\n',
    '{x="1"} 1\n',
    '1a 1\n',
    'a-b 1\n',
    'a{x="1} 1\n',
    'a 0x10\n',
    'a 1e\n',
    '# TYPE 1a gauge\n',
    '<!DOCTYPE html>\n',
  ])('%j is malformed', (page) => {
    const reader = new PageReader();
    reader.read(Buffer.from(page));
    expect([reader.faults.malformed, reader.faults.malformedLine, reader.count]).toEqual([
      1,
      page.trimEnd() === 'a' ? page.slice(0, -1) : page.slice(0, -1),
      0,
    ]);
  });

  it('keeps HELP and TYPE, wherever they are', () => {
    const reader = new PageReader();
    reader.read(Buffer.from('a 1\n# HELP a x \\\\ y\\nz \n# TYPE a counter\n# TYPE "b c" gauge\n'));
    expect([...reader.help]).toEqual([['a', 'x \\ y\nz ']]);
    expect([...reader.types]).toEqual([
      ['a', 'counter'],
      ['b c', 'gauge'],
    ]);
  });
});

describe('pages one after another', () => {
  it('reads changed values, longer and shorter ones', () => {
    expect(samplesOf(['a 1\nb{x="1"} 10\nc 3\n', 'a 100\nb{x="1"} 9\nc 3\n'])).toEqual([
      'a: 100',
      'b{"x":"1"}: 9',
      'c: 3',
    ]);
  });

  it.each([
    ['one more in front', 'z 0\na 1\nb 2\n'],
    ['one more in the middle', 'a 1\nz 0\nb 2\n'],
    ['one fewer', 'b 2\n'],
    ['another order', 'b 2\na 1\n'],
    ['a name that begins alike', 'ab 1\nb 2\n'],
    ['a value that begins alike', 'a 1 5\nb 2.5\n'],
    ['a label more', 'a{x=""} 1\nb 2\n'],
    ['a comment that changed', '# HELP a y\na 1\nb 2\n'],
    ['cut off', 'a 1\nb'],
    ['nothing', ''],
  ])('%s', (_, page) => {
    expect(samplesOf(['# HELP a x\na 1\nb 2\n', page])).toEqual(samplesOf([page]));
  });

  it('counts malformed lines of every page, and values that became malformed', () => {
    const reader = new PageReader();
    reader.read(Buffer.from('a 1\nb 2\n?\n'));
    expect(reader.faults.malformed).toBe(1);
    reader.read(Buffer.from('a x\nb 2\n?\n'));
    expect([reader.faults.malformed, reader.faults.malformedLine]).toEqual([2, 'a x']);
    reader.read(Buffer.from('a 3\nb 2\n?\n'));
    expect(reader.values[0]).toBe(3);
  });

  it('leaves out values whose squares are infinite, such as the largest double', () => {
    const reader = new PageReader();
    reader.read(Buffer.from('a 1.7976931348623157e308\nb -1e101\nc 1e100\n'));
    expect([...reader.values.subarray(0, 3)]).toEqual([Number.NaN, Number.NaN, 1e100]);
    expect(reader.faults.nonFinite).toEqual([0, 1]);
  });

  it('takes the first of duplicate series, also with labels in another order', () => {
    const reader = new PageReader();
    for (const value of [1, 2]) {
      reader.read(Buffer.from(`a{x="1",y="2"} ${value}\na{y="2",x="1"} 7\na{x="1",y="2"} 8\n`));
      expect([reader.count, reader.values[0], reader.faults.duplicates]).toEqual([1, value, 2]);
    }
  });
});
