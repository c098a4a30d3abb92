import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    // A guard against hangs, no measure of speed: starved of its cores, a test takes ten times as long.
    testTimeout: 300_000,
    hookTimeout: 300_000,
    pool: 'forks',
    // Many tests wait for servers and child processes: one more than CI has cores.
    maxWorkers: 3,
  },
});
