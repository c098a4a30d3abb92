import { readdirSync } from 'node:fs';
import { beforeAll, describe, expect, it } from 'vitest';
import { goldenIsThere } from '../metrics/golden.js';
import { differences } from './compare.js';
import { unexcused, unusedExcuses } from './excuse.js';
import { excuses } from './excuses-golden2.js';
import { goldenFolder, goldenText } from './golden2-inputs.js';
import { forEachOf, play } from './golden2-play.js';
import { type GoldenRun, runs, skipped } from './golden2-runs.js';

// Endpoint types, media, data sets and controls as AIPerf 0.13.0 had them: the same commands run here.

const found = new Map<string, readonly string[]>();

describe.runIf(goldenIsThere)('beside AIPerf 0.13.0', () => {
  beforeAll(() =>
    forEachOf(Object.entries(runs), async ([name, run]) => {
      found.set(name, await compare(name, run));
    }),
  );

  it('every recorded run is compared, or skipped for a reason', () => {
    const folders = readdirSync(goldenFolder(), { withFileTypes: true }).filter((entry) =>
      entry.isDirectory(),
    );
    for (const [reason, names] of Object.entries(skipped)) {
      process.stderr.write(`skipped: golden2 ${names.join(' ')}: ${reason}\n`);
    }
    expect([...Object.keys(runs), ...Object.values(skipped).flat()].sort()).toEqual(
      folders.map(({ name }) => name).sort(),
    );
  });

  it.each(Object.keys(runs))('%s differs only where it is meant to', (run) => {
    expect(unexcused(excuses, run, found.get(run))).toEqual([]);
  });

  it('each excuse is still needed', () => {
    expect(unusedExcuses(excuses, found)).toEqual([]);
  });
});

async function compare(name: string, run: GoldenRun): Promise<string[]> {
  const recorded = goldenText(`${name}/command.txt`);
  const [command = ''] = recorded.split('\n');
  const theirCode = /^exit code: (\w+)/m.exec(recorded)?.[1];
  const { code, folder, ...rest } = await play(
    run.without === undefined ? command : command.replace(` ${run.without}`, ''),
    run,
  );
  return [
    ...(String(code) === theirCode ? [] : [`exit: code ${code}, there ${theirCode}`]),
    ...differences({ ours: folder, theirs: goldenFolder(name), ...rest }),
  ];
}
