import type { WireRequest } from './compare/requests.js';
import { goldenText } from './golden2-inputs.js';
import type { GoldenRun } from './golden2-runs.js';
import { type Answer, dyingUnderLoad } from './recording-server.js';

// The recorded runs whose server also had a page of metrics: the same page here, with figures that move as theirs did.

/** A page of metrics that is made anew for each request. @param answer what it is after so many seconds */
function withPage(answer: (seconds: number) => Partial<Answer>) {
  let begun: number | undefined;
  return {
    intercept: ({ line }: WireRequest) => {
      if (!/^GET \S*\/metrics /.test(line)) return undefined;
      begun ??= Date.now();
      const found = answer((Date.now() - begun) / 1000);
      return { status: 200, type: 'text/plain; version=0.0.4', body: '', ...found };
    },
  };
}

/** The recorded page some seconds later: 40 requests finish each second, and the odd page is reset once. */
function recordedPage(run: string, seconds: number): string {
  const text = goldenText(`${run}/metrics-page.txt`);
  const isOdd = text.includes('changing_labels');
  const finished = Math.floor(40 * (isOdd && seconds > 2.5 ? seconds - 2.5 : seconds + 3));
  const upTo = (bound: string) =>
    Math.floor(finished * ({ '0.1': 0.3, '0.5': 0.7, '1': 0.9, '5': 0.98 }[bound] ?? 1));
  return text
    .replace(/(generation_tokens_total\{.*\}) .*/, `$1 ${10 * finished}`)
    .replace(/(finished_reason="stop"\}) .*/, `$1 ${finished}`)
    .replace(/changing_labels\{.*/, `changing_labels{pod="p${Math.floor(seconds / 1.5)}"} ${finished}`)
    .replace(/^untyped_thing .*/m, `untyped_thing ${finished}`)
    .replace(/(num_requests_running\{.*\}) .*/, `$1 ${(5 + 3 * Math.sin(seconds)).toFixed(3)}`)
    .replace(/(seconds_bucket\{.*le="(.*?)"\}) .*/g, (_, name, bound) => `${name} ${upTo(bound)}`)
    .replace(/(seconds_sum\{.*\}) .*/, `$1 ${(0.4 * finished).toFixed(2)}`)
    .replace(/(seconds_count\{.*\}) .*/, `$1 ${finished}`);
}

export const serverPages: Readonly<Record<string, GoldenRun>> = {
  'server-metrics': withPage((seconds) => ({ body: recordedPage('server-metrics', seconds) })),
  'server-metrics-odd': withPage((seconds) => ({ body: recordedPage('server-metrics-odd', seconds) })),
  'server-metrics-warmup': withPage((seconds) => ({ body: recordedPage('server-metrics', seconds) })),
  'server-metrics-missing': withPage(() => ({ status: 404 })),
  'server-metrics-html': withPage(() => ({ type: 'text/html', body: '<html><body>Hello</body></html>' })),
};

/** The recorded page some seconds later: two GPUs of about 300 and 350 W, whose counters started with the exporter. */
function recordedGpuPage(seconds: number): string {
  const watts = (gpu: string) => 300 + 50 * Number(gpu);
  const mJ = (gpu: string) => 5e9 + Math.round(1000 * seconds * watts(gpu));
  return goldenText('gpu/dcgm-page.txt')
    .replace(
      /(POWER_USAGE\{gpu="(\d)".*\}) .*/g,
      (_, name, gpu) => `${name} ${(watts(gpu) + 10 * Math.sin(seconds)).toFixed(3)}`,
    )
    .replace(/(ENERGY_CONSUMPTION\{gpu="(\d)".*\}) .*/g, (_, name, gpu) => `${name} ${mJ(gpu)}`)
    .replace(/(POWER_VIOLATION\{.*\}) .*/g, `$1 ${1000 + Math.round(100 * seconds)}`);
}

/** Of an exporter outside Kubernetes, whose GPUs have no pod. */
const gpuPage = (seconds: number) => recordedGpuPage(seconds).replace(/,container="[^}]*(?=\})/g, '');

export const gpuPages: Readonly<Record<string, GoldenRun>> = {
  gpu: withPage((seconds) => ({ body: gpuPage(seconds) })),
  'gpu-custom-csv': {
    ...withPage((seconds) => ({ body: gpuPage(seconds) })),
    files: { 'm.csv': goldenText('gpu-custom-csv/m.csv') },
  },
  'gpu-dies': { intercept: dyingUnderLoad(withPage((seconds) => ({ body: gpuPage(seconds) })).intercept) },
  'gpu-down': {},
  'gpu-half-down': withPage((seconds) => ({ body: gpuPage(seconds) })),
  'gpu-pods': withPage((seconds) => ({ body: recordedGpuPage(seconds) })),
};
