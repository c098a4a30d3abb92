import { type Key, needs, type Rule, verbFor } from './rule.js';

/** Options without their behaviour: whoever builds it deletes the line. */
const unavailable: readonly Key[] = [
  ...(['otelUrl', 'otelStream', 'otelResourceAttributes', 'otelTraces', 'genAiProvider'] as const),
  ...(['mlflowTrackingUri', 'mlflowExperiment', 'mlflowRunName'] as const),
  ...(['mlflowTags', 'mlflowParentRunId', 'mlflowArtifactGlobs'] as const),
];

/** Conflicts among the options of live views. */
export const liveConflicts: readonly Rule[] = [
  {
    keys: unavailable,
    check: (_config, isSet, name) => {
      const given = unavailable.filter(isSet);
      return given.length > 0 && `${name(...given)} ${verbFor(given, 'is', 'are')} not available yet.`;
    },
  },
  needs(['livePort', 'liveHost', 'liveToken', 'liveLinger'], ['live'], ': it is about the live page'),
  needs(['apiHost'], ['apiPort'], ': it is where that port listens'),
  needs(
    ['otelStream', 'otelResourceAttributes', 'otelTraces', 'genAiProvider'],
    ['otelUrl'],
    ': it is about what that collector gets',
  ),
  needs(
    ['mlflowExperiment', 'mlflowRunName', 'mlflowTags', 'mlflowParentRunId', 'mlflowArtifactGlobs'],
    ['mlflowTrackingUri'],
    ': it is about the run on that server',
  ),
  {
    keys: ['live', 'livePort', 'apiPort'],
    check: ({ live, livePort, apiPort }, _isSet, name) =>
      live &&
      livePort === apiPort &&
      `${name('livePort', 'apiPort')} must be two ports, got ${livePort} for both.`,
  },
];
