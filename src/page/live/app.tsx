import { useEffect, useState } from 'preact/hooks';
import { themes } from '../../charts/theme.js';
import { shardsSummary } from '../../views/shard-health.js';
import type { LiveState } from '../../views/web/live-state.js';
import { currentTheme, offerThemes } from '../theme.js';
import { Chart, type Range } from './chart.js';
import { chartsOf } from './charts.js';
import { HelpDialog, StopDialog } from './dialogs.js';
import type { Connection } from './events.js';
import { Header } from './header.js';
import { onKeys } from './keys.js';
import { Log } from './log.js';
import { ClientVerdict, Progress, Tiles } from './overview.js';
import { Part } from './parts.js';
import { Sweep } from './sweep.js';
import { ErrorsTable, MetricsTable, ShardsTable, TelemetryTables, ThreadsTable } from './tables.js';

interface AppProps {
  readonly state: LiveState;
  readonly connection: Connection;
  readonly isFrozen: boolean;
  onFreeze(): void;
  onStop(): void;
}

/** Parts by the keys that jump to them. */
const partKeys: Readonly<Record<string, string>> = {
  1: 'overview',
  2: 'charts',
  3: 'metrics',
  4: 'errors',
  5: 'client',
  6: 'log',
  7: 'shards',
};

/** The live page. */
export function App({ state, connection, isFrozen, onFreeze, onStop }: AppProps) {
  const { snapshot, series, log, history } = state;
  const [dialog, setDialog] = useState<'help' | 'stop'>();
  const [range, setRange] = useState<Range>();
  const [theme, setTheme] = useState(currentTheme());
  const mayStop =
    connection.kind === 'open' &&
    !state.isStopping &&
    (series !== undefined || state.result === undefined) &&
    !state.hasEnded;
  useEffect(() => {
    offerThemes(() => setTheme(currentTheme()));
    setTheme(currentTheme());
  }, []);
  useEffect(
    () =>
      onKeys((key) => {
        const part = partKeys[key];
        if (part !== undefined) return () => jumpTo(part);
        if (key === '?') return () => setDialog('help');
        if (key === 's' && mayStop) return () => setDialog('stop');
        if (key === 'p') return onFreeze;
        if (key === 'r') return () => setRange(undefined);
        if (key === 't') return () => document.getElementById('theme')?.click();
        return undefined;
      }),
    [mayStop, onFreeze],
  );
  const colors = themes[theme];
  const marks = history.phases.map(({ name, seconds }) => ({ seconds, label: name }));
  return (
    <>
      <Header
        {...{ state, connection, isFrozen, mayStop, onFreeze }}
        onStop={() => setDialog('stop')}
        onHelp={() => setDialog('help')}
      />
      <main>
        {series && <Sweep series={series} theme={colors} />}
        <section id="overview" aria-label="Overview" tabIndex={-1}>
          {series && state.run?.place && (
            <h2>
              Run {state.run.place.number} of {state.run.place.of}
              <small>{state.run.place.label}</small>
            </h2>
          )}
          <Progress state={state} />
          {snapshot && <ClientVerdict snapshot={snapshot} />}
          {snapshot && <Tiles snapshot={snapshot} />}
        </section>
        {history.seconds.length > 0 && (
          <section id="charts" aria-label="Charts" tabIndex={-1}>
            {range !== undefined && (
              <p class="zoomed">
                Zoomed in.{' '}
                <button type="button" onClick={() => setRange(undefined)}>
                  Show the whole run
                </button>
              </p>
            )}
            <div class="live-charts">
              {chartsOf(state).map((chart) => (
                <Chart
                  key={chart.title}
                  {...chart}
                  {...{ marks, range }}
                  seconds={history.seconds}
                  theme={colors}
                  onZoom={setRange}
                />
              ))}
            </div>
          </section>
        )}
        {snapshot && snapshot.metrics.length > 0 && (
          <Part
            id="metrics"
            title="Metrics"
            note={state.result ? undefined : 'so far; percentiles are estimates'}
          >
            <MetricsTable metrics={snapshot.metrics} />
          </Part>
        )}
        {snapshot && (
          <Part id="errors" title="Errors">
            <ErrorsTable errors={snapshot.errors} />
          </Part>
        )}
        {snapshot?.shards && (
          <Part id="shards" title="Shards" note={shardsSummary(snapshot.shards)}>
            <ShardsTable snapshot={snapshot} />
          </Part>
        )}
        {snapshot && (
          <Part id="client" title={snapshot.telemetry ? 'Client and server' : 'Client'}>
            <ThreadsTable threads={snapshot.threads} />
            {snapshot.telemetry && <TelemetryTables {...snapshot.telemetry} />}
          </Part>
        )}
        <Part id="log" title="Log">
          <Log lines={log} />
        </Part>
      </main>
      <HelpDialog isOpen={dialog === 'help'} onClose={() => setDialog(undefined)} />
      <StopDialog
        isOpen={dialog === 'stop'}
        onClose={() => setDialog(undefined)}
        onStop={() => {
          setDialog(undefined);
          onStop();
        }}
      />
    </>
  );
}

function jumpTo(id: string): void {
  const part = document.getElementById(id);
  part?.focus({ preventScroll: true });
  part?.scrollIntoView();
}
