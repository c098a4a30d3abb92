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
    gpus: 2,
    streams: true,
    objectives: [],
  },
  ...{ goodShare: 0.95, confidenceLevel: 0.95, repeated: false },
};
const exactly = (mean: number, margin = 0) => ({ mean, ciLow: mean - margin, ciHigh: mean + margin });

/** The walkthrough's points; with `margin` as half the width of every interval, as a share of the value. */
function points(margin = 0, goodShares: readonly (number | undefined)[] = []) {
  return walkthrough.map(({ concurrency, tokens, perUser, ttft }, i) => ({
    ...{ cells: [`${concurrency}`], name: `${concurrency}`, load: concurrency },
    throughput: exactly(tokens, tokens * margin),
    perUser: exactly(perUser, perUser * margin),
    latency: exactly(ttft, ttft * margin),
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

Pareto frontier (● tokens/s/GPU against tokens/s/user): concurrency 10, 50, 100 and 200; 500 is beaten by 200.
Knee (Kneedle, total tokens/s over concurrency): concurrency 200.
Recommendation, by what matters most:
  User experience: concurrency 10, the most tokens/s/user: 1,522.50 tokens/s/GPU, 364.69 tokens/s/user, TTFT 250.00 ms.
  Balanced: concurrency 200, the knee: 17,999.50 tokens/s/GPU, 238.67 tokens/s/user, TTFT 420.00 ms.
  Cost: concurrency 200, the most tokens/s/GPU: 17,999.50 tokens/s/GPU, 238.67 tokens/s/user, TTFT 420.00 ms.
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
      'Pareto frontier (● total tokens/s against tokens/s/user): concurrency 10, 50, 100 and 200; 500 is beaten by 200.',
      'Knee (Kneedle, total tokens/s over concurrency): concurrency 200.',
      'Only points where 95 % of all requests keep time_to_first_token:370 are recommended; 200 (90 %) and 500 (20 %) do not.',
      'Recommendation, by what matters most:',
      '  User experience: concurrency 10, the most tokens/s/user: 3,045.00 total tokens/s, 364.69 tokens/s/user, TTFT 250.00 ms, 100 % good.',
      // Of 10, 50 and 100, scaled (1, 0), (0.5156, 0.5055), (0, 1): 50 is 0.691 from (1, 1), the others 1.
      '  Balanced: concurrency 50, nearest to the best of both: 12,890.00 total tokens/s, 326.10 tokens/s/user, TTFT 270.00 ms, 99 % good.',
      '  Cost: concurrency 100, the most total tokens/s: 22,521.00 total tokens/s, 285.03 tokens/s/user, TTFT 347.00 ms, 95 % good.',
      '',
    ]);
  });

  it('says which point is nearest where none holds them', () => {
    const lines = shown(points(0, [0.5, 0.876, 0.4, 0.3, 0.2]), { objectives: ['a:1', 'b:2'] });
    expect(lines.at(-2)).toBe(
      'No recommendation: at no point 95 % of all requests keep a:1 and b:2; nearest is concurrency 50 with 87.6 %.',
    );
  });

  it('calls points whose intervals overlap a tie', () => {
    // 10 %: 364.69 - 36.47 = 328.22 is below 326.10 + 32.61; 35,999 - 3,600 = 32,399 below 29,836 + 2,984 = 32,820.
    const lines = shown(points(0.1), { repeated: true, gpus: undefined });
    expect(lines[5]).toMatch(/^│ +10 │ +3,045\.00 ± 304\.50 │ +364\.69 ± 36\.47 │ +250\.00 ± 25\.00 │ ● +│$/);
    expect(lines[11]).toBe("± is the half width of the interval of 95 % confidence (Student's t).");
    const text = lines.join(' ').replaceAll(/ +/g, ' ');
    expect(text).toContain(
      '364.69 ± 36.47 tokens/s/user, TTFT 250.00 ± 25.00 ms. A tie with 50: the intervals overlap.',
    );
    expect(text).toMatch(/Balanced: concurrency 200, the knee: [^.]*(\.\d[^.]*)*\. {1}Cost:/);
    expect(text).toMatch(/Cost: concurrency 200.*A tie with 500: the intervals overlap\. $/);
  });

  it('a point that is beaten only within its intervals is a tie', () => {
    // 500 lies below 200 on both axes; at 40 % 238.67 - 95.5 = 143.2 is below 128.85 + 51.5, and 21,599 below 41,770.
    const text = shown(points(0.4), { repeated: true }).join(' ').replaceAll(/ +/g, ' ');
    expect(text).toContain('50, 100 and 200; 500 is a tie with 200: the intervals overlap on both.');
    expect(shown(points(0.1), { repeated: true }).join(' ')).toContain('500 is beaten by 200.');
  });

  it('says where this client was the limit', () => {
    const limited = points().map((point, i) => ({ ...point, clientLimited: i > 2 }));
    expect(shown(limited).at(-2)).toBe(
      'This client was the limit at concurrency 200 and 500: the server may do better there than these figures say.',
    );
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
    expect(lines).toContain('Knee (Kneedle, total tokens/s over concurrency): cannot tell from 2 points.');
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
    const bare: OperatingPoint = { load: 1, throughput: undefined, perUser: undefined, goodShare: undefined };
    const two = ['1', '2'].map((name) => ({
      ...bare,
      cells: [name],
      name,
      latency: undefined,
      clientLimited: false,
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
