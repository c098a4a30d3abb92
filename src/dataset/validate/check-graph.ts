import { UserError } from '../../util/errors.js';
import { agentsOf } from '../conversation.js';
import type { DatasetOptions } from '../dataset-options.js';
import type { DatasetType } from '../loaders/format.js';
import { rowPlace } from '../loaders/row-file.js';
import { openDataset, planDataset } from '../plan.js';
import { placed } from './findings.js';
import type { RowChecks } from './row-checks.js';

/** Those of a run without options, for an endpoint that takes everything. */
const defaults: DatasetOptions = {
  ...{ seed: 0, namedSessions: true, models: [''], modelSelection: 'round_robin' },
  ...{ isl: 0, islStddev: 0, oslStddev: 0, entries: 1, turnsMean: 1, turnsStddev: 0 },
  ...{ delayMeanMs: 0, delayStddevMs: 0, delayRatio: 1, media: {}, ignoreTimings: false },
  ...{ endpointHasSystemSlot: true, endpointTakesText: true, endpointMedia: ['image', 'audio', 'video'] },
};

/** Loads conversation graphs as a run does, and adds what is wrong with them. */
export async function checkGraph(path: string, type: DatasetType, checks: RowChecks): Promise<void> {
  try {
    const plan = await planDataset({ ...defaults, inputFile: path, datasetType: type }, () => {});
    const dataset = openDataset(plan, { prompt: () => '', blocks: () => '' });
    const graphs = { sessions: dataset.size, agents: 0, turns: 0 };
    // A schedule starts a session at the first turn of its first agent; those of the others need no time.
    checks.untimed = undefined;
    for (let index = 0; index < dataset.size; index++) {
      const conversation = dataset.conversation(index);
      if (plan.kind === 'graphs' && conversation.turns[0]?.timestampMs === undefined)
        checks.untimed ??= { place: rowPlace(plan.file, plan.rowOrder[plan.rowsBefore[index] ?? 0] ?? 0) };
      for (const { turns } of agentsOf(conversation)) {
        graphs.agents++;
        graphs.turns += turns.length;
        // Traces of calls have no rows that were checked.
        if (checks.totals.rows === 0) for (const turn of turns) checks.takeTime(turn.timestampMs);
      }
    }
    checks.graphs = graphs;
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    const { path: file, line, text } = placed(error, path, 1);
    checks.problems.add(file, line, text);
  }
}
