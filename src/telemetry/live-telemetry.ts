/** Latest values of servers and GPUs, for live views: plain data. A value that is not reported is undefined. */
export interface LiveTelemetry {
  readonly servers: readonly LiveServer[];
  readonly gpus: readonly LiveGpu[];
}

/** A server, by its Prometheus page. */
export interface LiveServer {
  readonly url: string;
  /** Requests that it works on, and that wait in its queue. */
  readonly running: number | undefined;
  readonly waiting: number | undefined;
  /** Used share of the KV cache, 0 to 1. */
  readonly kvCacheShare: number | undefined;
  /** Output tokens per second, over the last reads. */
  readonly outputTokensPerSecond: number | undefined;
}

/** A GPU. */
export interface LiveGpu {
  readonly source: string;
  readonly index: number;
  /** Empty where the source does not say; so are the model and the host. */
  readonly uuid: string;
  readonly model: string;
  readonly host: string;
  readonly utilizationPercent: number | undefined;
  readonly memoryUsedGb: number | undefined;
  readonly powerWatts: number | undefined;
  readonly temperatureCelsius: number | undefined;
}
