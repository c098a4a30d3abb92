import type { Snapshot } from '../../collect/snapshot.js';
import { durationWords, percentWords, short } from '../../report/figures.js';
import { counted, withThousands } from '../../util/counted.js';
import type { LiveState } from '../../views/web/live-state.js';
import { Tile } from './parts.js';
import { clockText } from './words.js';

/** How far the run is: a bar where the end is known, and times. */
export function Progress({ state }: { readonly state: LiveState }) {
  const { snapshot, run } = state;
  if (snapshot === undefined) {
    return <p class="progress-words">Preparing: data, tokenizer and threads. Nothing is sent yet.</p>;
  }
  const { done, total, unit, share, elapsed, eta } = progressOf(snapshot, state);
  const words = [
    total === undefined
      ? `${withThousands(done)} ${unit}`
      : `${withThousands(done)} of ${withThousands(total)} ${unit}`,
    ...(share === undefined ? [] : [percentWords(share)]),
    `${clockText(elapsed)} elapsed`,
    ...(eta === undefined || state.result !== undefined ? [] : [`${clockText(Math.ceil(eta))} left`]),
    ...(run?.load === undefined ? [] : [`load: ${run.load}`]),
  ];
  return (
    <div class="progress">
      {share !== undefined && (
        <progress max={1} value={share} aria-label="Progress">
          {percentWords(share)}
        </progress>
      )}
      <p class="progress-words">{words.join(' · ')}</p>
    </div>
  );
}

interface ProgressFigures {
  readonly done: number;
  readonly total: number | undefined;
  readonly unit: string;
  /** 0 to 1; undefined if the end is unknown. */
  readonly share: number | undefined;
  readonly elapsed: number;
  readonly eta: number | undefined;
}

function progressOf(snapshot: Snapshot, { result }: LiveState): ProgressFigures {
  const { processing, requests, share, elapsedSeconds, etaSeconds } = snapshot;
  if (processing !== undefined && result === undefined) {
    const { records, total, elapsedSeconds: elapsed, etaSeconds: eta } = processing;
    return {
      done: records,
      total,
      unit: 'records processed',
      share: total === 0 ? 1 : records / total,
      elapsed,
      eta,
    };
  }
  const { returned, planned } = requests;
  return {
    ...{ done: returned, total: planned, unit: 'requests' },
    ...{ share, elapsed: elapsedSeconds, eta: etaSeconds },
  };
}

/** The figures that one looks at first. */
export function Tiles({ snapshot }: { readonly snapshot: Snapshot }) {
  const { requests, lastSecond, latencies, load, slo } = snapshot;
  const ended = requests.completed + requests.failed;
  const failedShare = ended === 0 ? 0 : requests.failed / ended;
  const { latenessMs, plannedInFlight, plannedPerSecond } = load;
  return (
    <ul class="tiles">
      <Tile
        label="Requests/s"
        value={short(lastSecond.requests)}
        note={
          plannedPerSecond === undefined
            ? `avg ${short(snapshot.requestsPerSecond)}`
            : `${short(plannedPerSecond)} planned`
        }
      />
      <Tile
        label="Tokens/s"
        value={short(lastSecond.outputTokens)}
        note={`input ${short(lastSecond.inputTokens)}`}
      />
      <LatencyTile label="TTFT p50" figures={latencies.ttft} />
      <LatencyTile label="ITL p50" figures={latencies.itl} />
      <LatencyTile label="Latency p50" figures={latencies.request} />
      <Tile
        label="In flight"
        value={withThousands(requests.inFlight)}
        note={plannedInFlight === undefined ? 'no limit' : `${withThousands(plannedInFlight)} planned`}
      />
      <Tile
        label="Errors"
        value={withThousands(requests.failed)}
        note={`${percentWords(failedShare)} of ${withThousands(ended)}`}
        tone={failedShare > 0.1 ? 'bad' : failedShare > 0 ? 'caution' : undefined}
      />
      {slo !== undefined && slo.all.requests > 0 && (
        <Tile
          label="SLOs met"
          value={percentWords(slo.all.good / slo.all.requests)}
          note={
            slo.recent.requests === 0
              ? `of ${counted(slo.all.requests, 'request')}`
              : `${percentWords(slo.recent.good / slo.recent.requests)} recently`
          }
        />
      )}
      {latenessMs !== undefined && (
        <Tile
          label="Lateness p99"
          value={durationWords(latenessMs.p99)}
          note={`max ${durationWords(latenessMs.max)}`}
          tone={latenessMs.p99 > 10 ? 'caution' : undefined}
        />
      )}
    </ul>
  );
}

function LatencyTile({
  label,
  figures,
}: {
  readonly label: string;
  readonly figures: Snapshot['latencies']['ttft'];
}) {
  if (figures === undefined) return null;
  return <Tile label={label} value={durationWords(figures.p50)} note={`p99 ${durationWords(figures.p99)}`} />;
}

/** The verdict on the client so far, with its reasons. */
export function ClientVerdict({ snapshot }: { readonly snapshot: Snapshot }) {
  const { fidelity } = snapshot;
  if (fidelity === undefined) return null;
  const { verdict, reasons } = fidelity;
  const tone = { 'client ok': 'good', 'client strained': 'caution', 'client limited': 'bad' }[verdict];
  const words = {
    'client ok': 'Client OK so far: what is measured is the server.',
    'client strained': 'Client strained: it is close to its limit.',
    'client limited': 'Client limited: the client distorts what is measured.',
  }[verdict];
  return (
    <dl class="words verdict">
      <div class={tone}>
        <dt>Client</dt>
        <dd>
          <p>{words}</p>
          {reasons.map(({ sentence }) => (
            <p key={sentence} class="reason">
              {sentence}
            </p>
          ))}
        </dd>
      </div>
    </dl>
  );
}
