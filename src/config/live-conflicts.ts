import { needs, type Rule } from './rule.js';

/** Conflicts among the options of live views. */
export const liveConflicts: readonly Rule[] = [
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
