import type { RecordStreams } from '../../collect/record-processor.js';
import { withScheme } from '../../config/base-url.js';
import type { Config } from '../../config/options.js';
import type { MlflowPlan, OtelPlan, ViewPlan } from '../../views/plan.js';

/** The views that the options ask for; undefined where they ask for none. @param isColored whether the terminal shows colours. */
export function viewPlan(config: Config, isColored: boolean): ViewPlan | undefined {
  const { uiType, live, liveHost, livePort, liveToken, liveLinger, apiPort, apiHost } = config;
  const plan: ViewPlan = {
    dashboard: uiType === 'dashboard' ? { isColored } : undefined,
    page: live ? { host: liveHost, port: livePort, token: liveToken, lingerSeconds: liveLinger } : undefined,
    api: apiPort === undefined ? undefined : { host: apiHost, port: apiPort },
    otel: otelPlan(config),
    mlflow: mlflowPlan(config),
  };
  return Object.values(plan).some((view) => view !== undefined) ? plan : undefined;
}

function otelPlan({
  otelUrl,
  otelStream,
  otelResourceAttributes,
  otelTraces,
  genAiProvider,
}: Config): OtelPlan | undefined {
  if (otelUrl === undefined) return undefined;
  const sends = (domain: 'metrics' | 'timing') =>
    !otelStream.includes('none') && (otelStream.includes('default') || otelStream.includes(domain));
  const pairs = otelResourceAttributes.map((pair) => {
    const [, key = '', value = ''] = /^([^=]*)=(.*)$/.exec(pair) ?? [];
    return [key.trim(), value.trim()];
  });
  return {
    url: withScheme(otelUrl),
    ...{ metrics: sends('metrics'), timing: sends('timing') },
    ...{ resourceAttributes: Object.fromEntries(pairs), genAiProvider, traceShare: otelTraces },
  };
}

function mlflowPlan(config: Config): MlflowPlan | undefined {
  if (config.mlflowTrackingUri === undefined) return undefined;
  return {
    trackingUri: withScheme(config.mlflowTrackingUri),
    experiment: config.mlflowExperiment,
    runName: config.mlflowRunName,
    tags: config.mlflowTags,
    parentRunId: config.mlflowParentRunId,
    artifactGlobs: config.mlflowArtifactGlobs,
  };
}

/** What the views need of the records during the run; undefined for nothing. */
export function recordStreams({
  otelUrl,
  otelTraces,
  mlflowTrackingUri,
  randomSeed,
}: Config): RecordStreams | undefined {
  const spans = otelUrl !== undefined && otelTraces > 0;
  if (otelUrl === undefined && mlflowTrackingUri === undefined) return undefined;
  return { histograms: true, spans: spans ? { share: otelTraces, seed: randomSeed ?? 0 } : undefined };
}
