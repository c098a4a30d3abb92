/** The five points of the founding walkthrough: 10 to 500 streams, with its figures for two GPUs. */
export const walkthrough = [
  { concurrency: 10, tokens: 3_045, perGpu: 1_522, perUser: 364.69, ttft: 250 },
  { concurrency: 50, tokens: 12_890, perGpu: 6_445, perUser: 326.1, ttft: 270 },
  { concurrency: 100, tokens: 22_521, perGpu: 11_261, perUser: 285.03, ttft: 347 },
  { concurrency: 200, tokens: 35_999, perGpu: 18_000, perUser: 238.67, ttft: 420 },
  { concurrency: 500, tokens: 29_836, perGpu: 14_918, perUser: 128.85, ttft: 1_129 },
] as const;
