import { prepareRun } from '../../src/commands/profile/prepare.js';
import { openPlanned, turnsOf } from '../../src/dataset/plan.js';
import { openSampler } from '../../src/dataset/sampling.js';
import { SharedCounters } from '../../src/load/counters.js';
import type { JoinPoint } from '../../src/load/join.js';
import { limitsOf, nextSession, partOf } from '../../src/load/parts.js';
import { openIssuer } from '../../src/load/phase-player.js';
import type { LoadPlan, PhasePlan } from '../../src/load/plan.js';
import type { SourceShare } from '../../src/load/quota.js';
import type { StreamedSessions } from '../../src/load/streamed-sessions.js';
import { openCancellations } from '../../src/schedule/cancellation.js';
import { phaseEnd } from '../../src/schedule/stop.js';
import { profile } from '../config/profile-options.js';
import { stage } from './phase-environment.js';

/** The load that a command line plans. */
export async function plannedLoad(line: string, env = {}): Promise<LoadPlan> {
  const words = `--model m --tokenizer builtin --use-server-token-count --random-seed 5 --streaming ${line}`;
  const { config } = await profile(words, env);
  return (await prepareRun(config, { version: '1', env: {} }, () => {})).load;
}

/** Opens the dataset of a load, once for all sources. */
export function datasetOf(load: LoadPlan) {
  const dataset = openPlanned(load.dataset, load.prompts);
  return { dataset, sample: openSampler(load.sampling, dataset.size, load.prompts.seed) };
}

interface Playing extends ReturnType<typeof datasetOf> {
  readonly stream?: StreamedSessions | undefined;
  readonly firstSession: number;
}

/** Plays the part of a source in a phase, on a clock of its own that the test moves. @param join where it joins the phase. */
export function playPart(
  load: LoadPlan,
  phase: PhasePlan,
  share: SourceShare,
  playing: Playing,
  join?: JoinPoint,
) {
  const part = partOf(load, phase, share);
  const counters = new SharedCounters();
  if (join !== undefined) counters.beginBehind(join.sessions, join.requests);
  const { cancellation } = phase;
  const { seed } = load.prompts;
  if (phase.issuing.kind !== 'fixed-schedule') playing.stream?.noteOpened();
  const player = stage(
    {
      ...limitsOf(phase, part, counters),
      ...{ ...playing, counters, keepRaw: true, prefill: phase.prefill, name: phase.name },
      ...{ targets: load.targets, fromNs: join?.atNs ?? 0 },
      ...{ issueUntilNs: phaseEnd(phase).issueUntilNs, endsWithDataset: phase.endsWithDataset },
      cancellation: cancellation && { isChosen: openCancellations(seed, cancellation.percent), delayNs: 0 },
    },
    (running) =>
      openIssuer(phase.issuing, running, {
        ...(part ?? { source: 0, sources: 1 }),
        ...{ thread: 0, threads: 1, seed },
        turnsOf: (conversation) => turnsOf(load.dataset, conversation),
      }),
  );
  return {
    player,
    counters,
    /** Number of the next phase's first session, after this one. */
    next: () => nextSession(load, phase, part, playing.firstSession, counters.sessions),
  };
}
