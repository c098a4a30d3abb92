import type { DatasetOptions } from '../../src/dataset/dataset-options.js';

/** The defaults of a run with `--random-seed 1`. */
export const options: DatasetOptions = {
  seed: 1,
  namedSessions: true,
  models: ['m'],
  modelSelection: 'round_robin',
  isl: 550,
  islStddev: 0,
  oslStddev: 0,
  entries: 10,
  turnsMean: 1,
  turnsStddev: 0,
  delayMeanMs: 0,
  delayStddevMs: 0,
  delayRatio: 1,
  endpointHasSystemSlot: true,
  media: {},
  endpointTakesText: true,
  endpointMedia: ['image', 'audio', 'video'],
  ignoreTimings: false,
};
