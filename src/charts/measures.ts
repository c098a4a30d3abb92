/** A metric as charts name it. */
export interface Measure {
  readonly tag: string;
  /** For file names. */
  readonly key: string;
  readonly label: string;
  readonly unit: string;
}

export const ttft = {
  tag: 'time_to_first_token',
  key: 'ttft',
  label: 'Time to first token',
  unit: 'ms',
} as const satisfies Measure;
export const itl = {
  tag: 'inter_token_latency',
  key: 'itl',
  label: 'Inter-token latency',
  unit: 'ms',
} as const satisfies Measure;
export const latency = {
  tag: 'request_latency',
  key: 'latency',
  label: 'Request latency',
  unit: 'ms',
} as const satisfies Measure;
