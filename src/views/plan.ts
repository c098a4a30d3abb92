import type { Json } from '../util/json.js';

/** Which views a run has: plain data for the view process, derived from the options. A view that is absent is off. */
export interface ViewPlan {
  readonly dashboard?: DashboardPlan | undefined;
  readonly page?: PagePlan | undefined;
  readonly api?: ApiPlan | undefined;
  readonly otel?: OtelPlan | undefined;
  readonly mlflow?: MlflowPlan | undefined;
}

/** The dashboard on the terminal. */
export interface DashboardPlan {
  readonly isColored: boolean;
}

/** The live web page. */
export interface PagePlan {
  readonly host: string;
  readonly port: number;
  /** Undefined: a random one, if one is needed. */
  readonly token: string | undefined;
  /** How long it stays after the run, seconds; may be Infinity. */
  readonly lingerSeconds: number;
}

/** AIPerf's API and the Prometheus page. */
export interface ApiPlan {
  readonly host: string;
  readonly port: number;
}

/** Export to an OpenTelemetry collector. */
export interface OtelPlan {
  /** With its scheme, with a path or not. */
  readonly url: string;
  readonly metrics: boolean;
  /** Progress of the phases. */
  readonly timing: boolean;
  readonly resourceAttributes: Readonly<Record<string, string>>;
  /** Undefined: by the server's host name. */
  readonly genAiProvider: string | undefined;
  /** Share of requests that are sent as spans, 0 to 1. */
  readonly traceShare: number;
}

/** Export to an MLflow server. */
export interface MlflowPlan {
  /** With its scheme. */
  readonly trackingUri: string;
  readonly experiment: string;
  readonly runName: string | undefined;
  readonly tags: Readonly<Record<string, Json>>;
  readonly parentRunId: string | undefined;
  /** Empty: the usual files. */
  readonly artifactGlobs: readonly string[];
}
