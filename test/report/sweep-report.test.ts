import { describe, expect, it } from 'vitest';
import { type OperatingPoint, weigh } from '../../src/metrics/trade-off.js';
import { type SweepReportFacts, sweepReport } from '../../src/report/sweep-report.js';
import { walkthrough } from '../metrics/walkthrough.js';

const layout = { width: 150, colours: false };
const facts: SweepReportFacts = {
  ...{
    columns: ['Concurrency'],
    hasTable: true,
    subject: 'concurrency',
    load: 'concurrency',
    gpus: { gpus: 2, from: '--num-gpus' },
    streams: true,
    objectives: [],
  },
  ...{ goodShare: 0.95, confidenceLevel: 0.95, repeated: false },
};
const exactly = (mean: number, margin = 0) => ({
  ...{ mean, ciLow: mean - margin, ciHigh: mean + margin, noise: margin },
});

/** The walkthrough's points; with `margin` as half the width of every interval, as a share of the value. */
function points(margin = 0, goodShares: readonly (number | undefined)[] = []) {
  return walkthrough.map(({ concurrency, tokens, perUser, ttft }, i) => ({
    ...{ cells: [`${concurrency}`], name: `${concurrency}`, load: concurrency },
    throughput: exactly(tokens, tokens * margin),
    perUser: exactly(perUser, perUser * margin),
    ...{ runs: 1, ttft: exactly(ttft, ttft * margin), latency: undefined },
    goodShare: goodShares[i],
    clientLimited: false,
  }));
}

function shown(of: ReturnType<typeof points>, extra: Partial<SweepReportFacts> = {}): string[] {
  const groups = [{ work: '', points: of, verdict: weigh(of, facts.goodShare) }];
  return sweepReport(groups, { ...facts, ...extra }, layout).split('\n');
}

describe("the walkthrough's sweep", () => {
  it('its table, its frontier, and its sweet spot, to the character', () => {
    // 3,045 / 2 = 1,522.5 and so on; the walkthrough prints them without decimals.
    expect(shown(points()).join('\n')).toBe(`
                                      AIPerf | Sweep                                      ${''}
┏━━━━━━━━━━━━━┳━━━━━━━━━━━━━━━━┳━━━━━━━━━━━━━━┳━━━━━━━━━━━━━━━┳━━━━━━━━━━━━━━━┳━━━━━━━━━━┓
┃ Concurrency ┃ Total tokens/s ┃ tokens/s/GPU ┃ tokens/s/user ┃ TTFT avg (ms) ┃ Frontier ┃
┡━━━━━━━━━━━━━╇━━━━━━━━━━━━━━━━╇━━━━━━━━━━━━━━╇━━━━━━━━━━━━━━━╇━━━━━━━━━━━━━━━╇━━━━━━━━━━┩
│          10 │       3,045.00 │     1,522.50 │        364.69 │        250.00 │ ●        │
│          50 │      12,890.00 │     6,445.00 │        326.10 │        270.00 │ ●        │
│         100 │      22,521.00 │    11,260.50 │        285.03 │        347.00 │ ●        │
│         200 │      35,999.00 │    17,999.50 │        238.67 │        420.00 │ ● knee   │
│         500 │      29,836.00 │    14,918.00 │        128.85 │      1,129.00 │          │
└─────────────┴────────────────┴──────────────┴───────────────┴───────────────┴──────────┘
tokens/s/GPU = total tokens/s / 2 GPUs (--num-gpus).

Pareto frontier (● tokens/s/GPU against tokens/s/user): concurrency 10, 50, 100 and 200; 500 is dominated by 200.
Knee (Kneedle, total tokens/s over concurrency): concurrency 200.
Recommendation, by what matters most:
  User experience: concurrency 10, the most tokens/s/user: 1,522.50 tokens/s/GPU, 364.69 tokens/s/user, TTFT 250.00 ms.
  Balanced and lowest cost: concurrency 200, the knee and the most tokens/s/GPU: 17,999.50 tokens/s/GPU, 238.67 tokens/s/user, TTFT 420.00 ms.
`);
  });

  it('one line for each priority holds the objectives', () => {
    const lines = shown(points(0, [1, 0.99, 0.95, 0.9, 0.2]), {
      objectives: ['time_to_first_token:370'],
      gpus: undefined,
    });
    expect(lines[1]).toMatch(/AIPerf \| Sweep/);
    expect(lines[8]).toMatch(/^│ +200 .* 90 % │ ● knee +│$/);
    expect(lines.slice(11)).toEqual([
      '',
      'Pareto frontier (● total tokens/s against tokens/s/user): concurrency 10, 50, 100 and 200; 500 is dominated by 200.',
      'Knee (Kneedle, total tokens/s over concurrency): concurrency 200.',
      'Only points where 95 % of all requests meet time_to_first_token:370 are recommended; 200 (90 %) and 500 (20 %) do not.',
      'Recommendation, by what matters most:',
      '  User experience: concurrency 10, the most tokens/s/user: 3,045.00 total tokens/s, 364.69 tokens/s/user, TTFT 250.00 ms, 100 % good.',
      // Of 10, 50 and 100, scaled (1, 0), (0.5156, 0.5055), (0, 1): 50 is 0.691 from (1, 1), the others 1.
      '  Balanced: concurrency 50, nearest to the best of both: 12,890.00 total tokens/s, 326.10 tokens/s/user, TTFT 270.00 ms, 99 % good.',
      '  Lowest cost: concurrency 100, the most total tokens/s: 22,521.00 total tokens/s, 285.03 tokens/s/user, TTFT 347.00 ms, 95 % good.',
      '',
    ]);
  });

  it('says which point is nearest where none holds them', () => {
    const lines = shown(points(0, [0.5, 0.876, 0.4, 0.3, 0.2]), { objectives: ['a:1', 'b:2'] });
    expect(lines.at(-2)).toBe(
      'No recommendation: at no point do 95 % of all requests meet a:1 and b:2; nearest: concurrency 50 with 87.6 %.',
    );
  });

  it('points that do not differ beyond noise are recommended together, as a range of each figure', () => {
    const near = points();
    const fifth = near[4];
    if (fifth === undefined) throw new Error('no points');
    const tied = {
      ...fifth,
      throughput: exactly(36_200, 362),
      perUser: exactly(237, 2),
      ttft: exactly(430),
    };
    const lines = shown([...near.slice(0, 4), tied], { gpus: undefined });
    expect(lines.filter((line) => line.startsWith('│ ')).map((line) => line.at(-10))).toEqual([
      ...['●', '●', '●', '●', '●'],
    ]);
    expect(lines.slice(-3, -1).join('').replaceAll(/ +/g, ' ')).toBe(
      ' Balanced and lowest cost: concurrency 200 to 500, no difference beyond noise: 35,999.00 to 36,200.00 ± 362.00 total tokens/s, ' +
        '237.00 ± 2.00 to 238.67 tokens/s/user, TTFT 420.00 to 430.00 ms.',
    );
  });

  it('with intervals of 10 %, points that tie for a user are recommended together, and none dominates by a tie', () => {
    // 364.69 - 36.47 = 328.22 is below 326.10 + 32.61, but not below 285.03 + 28.50.
    const lines = shown(points(0.1), { repeated: true, gpus: undefined });
    expect(lines[5]).toMatch(
      /^│ +10 │ +3,045\.00 ± 304\.50 │ +364\.69 ± 36\.47 │ +250\.00 ± 25\.00 │ +● +│$/,
    );
    expect(lines[11]).toBe("± is the half width of the interval of 95 % confidence (Student's t).");
    const text = lines.join(' ').replaceAll(/ +/g, ' ');
    expect(text).toContain('concurrency 10, 50, 100 and 200; 500 is dominated by 200.');
    expect(text).toContain(
      'User experience: concurrency 10 to 50, no difference in tokens/s/user beyond noise: 3,045.00 ± 304.50 to 12,890.00 ± 1,289.00',
    );
  });

  it('two points that do not differ have no knee and no recommendation', () => {
    const [first] = points(0.02);
    if (first === undefined) throw new Error('no points');
    const lines = shown([first, { ...first, name: '50', cells: ['50'], load: 50 }], { gpus: undefined });
    expect(lines.slice(-3)).toEqual([
      '',
      'No difference beyond noise between concurrency 10 and 50: none is recommended over another.',
      '',
    ]);
  });

  it('shows where this client was the limit: at each point, and before anything is concluded', () => {
    const lines = shown(points().map((point, i) => ({ ...point, clientLimited: i > 2 })));
    expect(lines[8]).toMatch(/│ ● knee client limited │$/);
    expect(lines[9]).toMatch(/│ client limited +│$/);
    expect(lines.slice(12, 15)).toEqual([
      '',
      'This client was the limit at concurrency 200 and 500: the server may do better there than these figures show.',
      expect.stringMatching(/^Pareto frontier/),
    ]);
  });

  it('other work is weighed by itself', () => {
    const groups = ['isl 100', 'isl 200'].map((work) => ({
      work,
      points: points().slice(0, 2),
      verdict: weigh(points().slice(0, 2), 0),
    }));
    const lines = sweepReport(groups, facts, layout).split('\n');
    expect(lines.filter((line) => line.startsWith('With '))).toEqual(['With isl 100:', 'With isl 200:']);
    expect(lines.filter((line) => line.startsWith('│'))).toHaveLength(4);
    expect(lines).toContain('Knee (Kneedle, total tokens/s over concurrency): needs 3 points; there are 2.');
  });

  it('no knee, and what stands in for the pace of tokens where nothing streams', () => {
    const lines = shown(points().slice(0, 3), { streams: false });
    // Scaled: (0, 0), (0.444, 0.5055), (1, 1): highest 0.061 above the diagonal, and a mean step is 0.5.
    expect(lines).toContain(
      'Knee (Kneedle, total tokens/s over concurrency): none; throughput neither levels off nor falls clearly in this range.',
    );
    expect(lines).toContain('tokens/s/user = output tokens / request latency, since nothing was streamed.');
    expect(lines[3]).toMatch(/┃ Latency avg \(ms\) ┃/);
  });

  it('a knee that another point beats is named and not recommended', () => {
    const [last, ...others] = points().reverse();
    if (last === undefined) throw new Error('no points');
    // 500 gives more than the 35,999 and 238.67 of 200. Scaled, 200 lies highest: (0.388, 0.971) against (0.184, 0.574).
    const lines = shown([
      ...others.reverse(),
      { ...last, throughput: exactly(37_000), perUser: exactly(240) },
    ]);
    expect(lines).toContain(
      'Knee (Kneedle, total tokens/s over concurrency): concurrency 200, which is not on the frontier.',
    );
    expect(lines.find((line) => line.startsWith('  Balanced: '))).toMatch(
      /^ {2}Balanced: concurrency \d+, nearest to/,
    );
    expect(lines.find((line) => line.startsWith('  Balanced: '))).not.toContain('concurrency 200,');
  });

  it('says so where nothing can be compared', () => {
    const bare: OperatingPoint = {
      load: 1,
      throughput: undefined,
      perUser: undefined,
      goodShare: undefined,
      clientLimited: false,
    };
    const two = ['1', '2'].map((name) => ({
      ...bare,
      cells: [name],
      name,
      ...{ runs: 1, ttft: undefined, latency: undefined },
    }));
    const lines = sweepReport([{ work: '', points: two, verdict: weigh(two, 0.95) }], facts, layout);
    expect(lines).toContain(
      '│           1 │            N/A │          N/A │           N/A │           N/A │          │',
    );
    expect(lines).toContain(
      'Pareto frontier: none, since no point has both total tokens/s and tokens/s/user.',
    );
    expect(lines).not.toContain('Recommendation');
  });
});
