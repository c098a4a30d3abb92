import { defineConfig } from 'vitest/config';
import { BaseSequencer, type TestSpecification } from 'vitest/node';

/** Files that replace modules for themselves. */
const isolated = ['test/trace/sharing.test.ts'];

/** Files that take longest: none of them must be the last that one worker is still busy with. */
const longest = [
  ...['golden/golden2', 'e2e/thread-count', 'e2e/survival', 'e2e/load-modes', 'e2e/sweep', 'hostile/hostile'],
  ...['e2e/endpoints', 'e2e/run-folder', 'e2e/telemetry', 'e2e/page', 'e2e/interrupt', 'cluster/cluster'],
];

class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const rank = ({ moduleId }: TestSpecification) => {
      const place = longest.findIndex((name) => moduleId.endsWith(`test/${name}.test.ts`));
      return place === -1 ? longest.length : place;
    };
    return (await super.sort(files)).sort((a, b) => rank(a) - rank(b));
  }
}

export default defineConfig({
  test: {
    setupFiles: ['test/setup.ts'],
    // A guard against hangs, no measure of speed: starved of its cores, a test takes ten times as long.
    testTimeout: 300_000,
    hookTimeout: 300_000,
    pool: 'forks',
    // Many tests wait for servers and child processes: one more than CI has cores.
    maxWorkers: 3,
    // Where it is set to anything else, Ink draws nothing before the end.
    env: { CI: 'false' },
    sequence: { sequencer: LongestFirst },
    // The build is run as it is.
    server: { deps: { external: [/\/dist\//] } },
    projects: [
      {
        extends: true,
        // A worker loads every module once, not once for each file.
        test: { name: 'shared', include: ['test/**/*.test.ts'], exclude: isolated, isolate: false },
      },
      { extends: true, test: { name: 'isolated', include: isolated } },
    ],
  },
});
