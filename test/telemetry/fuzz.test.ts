import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { PageReader } from '../../src/telemetry/page-reader.js';

const seeded = { seed: 18, numRuns: 150 };

/** What a reader says of a page: values by name and labels, in the order of the page, and faults. */
class Readings {
  readonly reader = new PageReader();
  readonly #keys: string[] = [];

  of(page: Buffer): unknown {
    this.reader.read(page);
    for (const { id, name, labels } of this.reader.fresh) this.#keys[id] = key(name, labels);
    const { ids, values, count, faults } = this.reader;
    return {
      samples: Array.from(ids.subarray(0, count), (id) => [this.#keys[id], values[id]]),
      malformed: [faults.malformed, faults.malformedLine],
      duplicates: faults.duplicates,
      nonFinite: faults.nonFinite.length,
    };
  }
}

/** A sample that a page is to have. */
interface Sample {
  readonly name: string;
  readonly labels: readonly (readonly [string, string])[];
  readonly value: number;
}

function key(name: string, labels: Sample['labels']): string {
  return JSON.stringify([name, labels.toSorted(([a], [b]) => (a < b ? -1 : 1))]);
}

const name = fc.stringMatching(/^[a-zA-Z_:][a-zA-Z0-9_:]{0,5}$/);
const text = fc.string({ unit: 'binary', maxLength: 8 });
const labels = fc.uniqueArray(fc.tuple(name, text), { maxLength: 3, selector: ([label]) => label });
const value = fc
  .oneof(
    fc.integer(),
    fc.double({ noNaN: true, min: -1e100, max: 1e100 }),
    fc.constantFrom(0, 0.1, 1e21, 1e-7, 2 ** 53),
  )
  .map((number) => number + 0);
const samples = fc.uniqueArray(fc.record({ name, labels, value }), {
  maxLength: 12,
  selector: (sample) => key(sample.name, sample.labels),
});
/** How a line is written. */
interface Style {
  readonly blank: string;
  readonly end: string;
  readonly comma: boolean;
  readonly isQuoted: boolean;
  readonly rest: string;
  readonly before: string;
}
const style: fc.Arbitrary<Style> = fc.record({
  blank: fc.constantFrom('', ' ', '\t '),
  end: fc.constantFrom('\n', '\r\n', ' \n'),
  comma: fc.boolean(),
  isQuoted: fc.boolean(),
  rest: fc.constantFrom('', ' 1700000000000', ' 17.5 # {id="\\"}"} 0.1', ' # {} 1 2'),
  before: fc.constantFrom('', '\n', '# EOF\n', '# HELP x y\n', '#\n'),
});

function line({ name, labels, value }: Sample, { blank, end, comma, isQuoted, rest, before }: Style): string {
  const escaped = (part: string) => part.replace(/[\\"\n]/g, (sign) => (sign === '\n' ? '\\n' : `\\${sign}`));
  const pairs = labels.map(([label, of]) => `${label}${blank}=${blank}"${escaped(of)}"${blank}`);
  if (isQuoted) pairs.unshift(`"${name}"`);
  const list = pairs.length === 0 ? '' : `{${blank}${pairs.join(`,${blank}`)}${comma ? ',' : ''}}`;
  return `${before}${blank}${isQuoted ? '' : name}${blank}${list} ${value}${rest}${end}`;
}

describe('random pages', () => {
  it('come back as the samples that they were written from, page after page', () => {
    fc.assert(
      fc.property(
        fc.array(fc.tuple(samples, fc.array(style, { minLength: 12, maxLength: 12 })), { maxLength: 4 }),
        (pages) => {
          const readings = new Readings();
          for (const [wanted, styles] of pages) {
            const page = wanted.map((sample, i) => line(sample, styles[i] as Style)).join('');
            expect(readings.of(Buffer.from(page))).toEqual({
              samples: wanted.map((sample) => [key(sample.name, sample.labels), sample.value]),
              malformed: [0, ''],
              duplicates: 0,
              nonFinite: 0,
            });
          }
        },
      ),
      seeded,
    );
  });

  it('of any bytes are read as if each were the first page', () => {
    const bytes = fc.oneof(
      fc.uint8Array({ maxLength: 60 }),
      fc.constantFrom('a 1\n', '{', '"', '\\', ' ', '#', '\r\n'),
    );
    const cut = fc.record({ from: fc.nat(400), length: fc.nat(40), into: bytes });
    const first = fc.tuple(samples, fc.array(style, { minLength: 12, maxLength: 12 }));
    fc.assert(
      fc.property(first, fc.array(cut, { maxLength: 6 }), ([wanted, styles], cuts) => {
        const readings = new Readings();
        let page = Buffer.from(wanted.map((sample, i) => line(sample, styles[i] as Style)).join(''));
        readings.of(page);
        for (const { from, length, into } of cuts) {
          const at = Math.min(from, page.length);
          page = Buffer.concat([page.subarray(0, at), Buffer.from(into), page.subarray(at + length)]);
          expect(readings.of(page)).toEqual(new Readings().of(page));
        }
      }),
      seeded,
    );
  });
});
