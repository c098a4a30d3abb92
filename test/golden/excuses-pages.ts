import type { Excuse } from './excuse.js';

const serverPages: readonly Excuse[] = [
  {
    difference: /^files: file profile_export_warmup\.jsonl is new$/,
    reason: 'decision 25',
    runs: ['server-metrics-warmup'],
  },
  {
    difference:
      /^(manifest: value of key phases\.1\.(successful|total)_request_count |phase: (line |order of line).*)/,
    reason: 'how many requests fit into 4 s; a scrape of a busy machine times out',
    runs: ['server-metrics-warmup'],
    byChance: true,
  },
  {
    difference: /^server: key of a slice of .* last is_complete is missing$/,
    reason: 'the last, short slice may hold no sample of a gauge',
    runs: ['server-metrics'],
    byChance: true,
  },
  {
    difference: /^table: title AIPerf \| Server-side view: vLLM at .* is new$/,
    reason: 'what the server says of itself, beside what the client saw',
    runs: ['server-metrics', 'server-metrics-odd', 'server-metrics-warmup'],
  },
  {
    difference: /^server( csv)?: (statistic|key|bucket|series|row) .* is (new|missing)$/,
    reason: 'decision 52: what was reset has grown; how often the label changes depends on time',
    runs: ['server-metrics-odd'],
  },
];

const gpuPages: readonly Excuse[] = [
  {
    difference: /^json: key of telemetry gpu_count is new$/,
    reason: 'decision 7: the GPUs that a throughput per GPU divides by',
    runs: ['gpu'],
  },
  {
    difference:
      /^table: title (GPU Power Efficiency \(NVIDIA\)|127\.0\.0\.1:8000\/gpu \| GPU \d \| NVIDIA H100 80GB HBM3) is new$/,
    reason: 'only the main table is recorded',
    runs: ['gpu-custom-csv', 'gpu-dies', 'gpu-pods'],
  },
  {
    difference:
      /^console: (panel GPU Telemetry Platform|sentence (No GPU telemetry data collected|Unreachable endpoints: • 127\.0\.0\.1:9)) is missing$/,
    reason: 'console.md §1, ours: nothing without data; the log names the source',
    runs: ['gpu-down'],
  },
];

/** Differences of the runs whose server also had a page of metrics. */
export const pages: readonly Excuse[] = [...serverPages, ...gpuPages];
