import { defineConfig } from 'vitest/config';

/** Files that replace modules for themselves. */
const isolated = ['test/trace/sharing.test.ts'];

export default defineConfig({
  test: {
    setupFiles: ['test/setup.ts'],
    // A guard against hangs, no measure of speed: starved of its cores, a test takes ten times as long.
    testTimeout: 300_000,
    hookTimeout: 300_000,
    pool: 'forks',
    // Many tests wait for servers and child processes: one more than CI has cores.
    maxWorkers: 3,
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
