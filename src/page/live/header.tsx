import type { LiveState } from '../../views/web/live-state.js';
import type { Connection } from './events.js';

interface HeaderProps {
  readonly state: LiveState;
  readonly connection: Connection;
  readonly isFrozen: boolean;
  readonly mayStop: boolean;
  onFreeze(): void;
  onStop(): void;
  onHelp(): void;
}

/** What is measured, how far it is, whether the page is up to date, and what one can do. */
export function Header({ state, connection, isFrozen, mayStop, onFreeze, onStop, onHelp }: HeaderProps) {
  const { run } = state;
  const phase = phaseOf(state);
  return (
    <header class="live-head">
      <div class="bar">
        <div class="names">
          <h1>{run === undefined ? 'AIPerf' : run.models.join(', ')}</h1>
          {run && (
            <p class="when">
              {[
                run.title,
                run.urls.join(', '),
                `started ${new Date(run.startedMs).toLocaleTimeString([], { hour12: false })}`,
              ].join(' · ')}
            </p>
          )}
        </div>
        <div class="buttons">
          <button type="button" onClick={onFreeze} aria-pressed={isFrozen} title="Freeze the display (p)">
            {isFrozen ? 'Resume' : 'Freeze'}
          </button>
          <button type="button" class="danger" onClick={onStop} disabled={!mayStop} title="Stop the run (s)">
            Stop
          </button>
          <button id="theme" type="button" hidden title="Light or dark (t)">
            Theme
          </button>
          <button type="button" onClick={onHelp} aria-label="Help: keys" title="Help (?)">
            ?
          </button>
        </div>
      </div>
      <p class="badges" role="status">
        <span class={`badge ${phase.tone}`}>{phase.words}</span>
        <ConnectionBadge {...{ connection, isFrozen, hasEnded: state.hasEnded }} />
      </p>
    </header>
  );
}

interface Phase {
  readonly words: string;
  readonly tone: 'good' | 'bad' | 'caution' | 'active' | '';
}

function phaseOf({ snapshot, result, isStopping, series, hasEnded }: LiveState): Phase {
  if (result !== undefined && (series === undefined || hasEnded)) {
    if (result.wasCancelled) return { words: 'Stopped', tone: 'caution' };
    if (result.failure !== undefined) return { words: `Failed: ${result.failure}`, tone: 'bad' };
    return { words: 'Complete', tone: 'good' };
  }
  if (hasEnded) return { words: 'Ended', tone: 'caution' };
  if (isStopping) return { words: 'Stopping', tone: 'caution' };
  if (result !== undefined) return { words: 'Run complete', tone: 'good' };
  if (snapshot === undefined) return { words: 'Preparing', tone: '' };
  if (snapshot.processing !== undefined) return { words: 'Processing records', tone: 'active' };
  return snapshot.phase === 'warmup'
    ? { words: 'Warmup', tone: 'caution' }
    : { words: 'Profiling', tone: 'active' };
}

function ConnectionBadge({
  connection,
  isFrozen,
  hasEnded,
}: {
  readonly connection: Connection;
  readonly isFrozen: boolean;
  readonly hasEnded: boolean;
}) {
  if (isFrozen) return <span class="badge caution">Display frozen; the run goes on</span>;
  if (hasEnded) return null;
  switch (connection.kind) {
    case 'connecting':
      return <span class="badge">Connecting</span>;
    case 'open':
      return (
        <span class="badge live">
          <i class="pulse" aria-hidden="true" /> Live
        </span>
      );
    case 'lost':
      return (
        <span class="badge bad">
          Connection lost at {new Date(connection.sinceMs).toLocaleTimeString([], { hour12: false })},
          reconnecting
        </span>
      );
  }
}
