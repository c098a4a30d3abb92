import { randomStreams } from '../util/random.js';
import { sampleLength } from './lengths.js';

/** Defaults for turns that do not set them. Plain data. */
export interface TurnRules {
  readonly seed: number;
  /** At least one. */
  readonly models: readonly string[];
  readonly modelSelection: 'round_robin' | 'random';
  /** Mean output token cap; absent or 0: no cap. */
  readonly osl?: number | undefined;
  readonly oslStddev: number;
  /** Put in front of the system text of every conversation; undefined: nothing is. */
  readonly systemPrompt: string | undefined;
}

/** Defaults by the index of the turn in the whole dataset, in dataset order. */
export interface TurnDefaults {
  model(turn: number): string;
  maxTokens(turn: number): number | undefined;
}

export function openTurnRules(rules: TurnRules): TurnDefaults {
  const { models, osl, oslStddev } = rules;
  const modelStreams = randomStreams(rules.seed, 'model-choice');
  const lengthStreams = randomStreams(rules.seed, 'output-length');
  const [only = ''] = models;
  return {
    model(turn) {
      if (models.length === 1) return only;
      const choice =
        rules.modelSelection === 'random' ? modelStreams(turn).integer(models.length) : turn % models.length;
      return models[choice] ?? only;
    },
    maxTokens: (turn) => (osl ? sampleLength(osl, oslStddev, lengthStreams(turn)) : undefined),
  };
}
