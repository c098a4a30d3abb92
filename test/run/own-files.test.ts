import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeEach, describe, expect, it } from 'vitest';
import { comparisonCharts } from '../../src/charts/comparison-charts.js';
import { runCharts } from '../../src/charts/run-charts.js';
import { traceCharts } from '../../src/charts/trace-charts.js';
import { ownFiles } from '../../src/run/own-files.js';

const root = mkdtempSync(join(tmpdir(), 'aiperf-run-files-'));
afterAll(() => rmSync(root, { recursive: true, force: true }));

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(root, 'run-'));
});

function lay(files: readonly string[]): void {
  for (const file of files) {
    mkdirSync(dirname(join(folder, file)), { recursive: true });
    writeFileSync(join(folder, file), '{}');
  }
}

describe('the files of an earlier run', () => {
  it('are all that a run, AIPerf, report and plot write', () => {
    const charts = [...runCharts, ...comparisonCharts, ...traceCharts].map(({ name }) => name);
    const files = [
      ...['.aiperf_results_ready.json', 'accuracy_export.jsonl', 'gpu_telemetry_export.jsonl', 'inputs.json'],
      ...['inputs.json.partial', 'logs/aiperf.log', 'outputs.json', 'phase_manifest.json'],
      ...['phases/warmup/profile_export_aiperf.json', 'phases/warmup/server_metrics_export.json'],
      ...charts.flatMap((name) => [`plots/${name}.png`, `plots/${name}.svg`]),
      ...['plots/summary.txt', 'profile_export.jsonl', 'profile_export_aiperf.csv'],
      ...['profile_export_aiperf.json', 'profile_export_aiperf_timeslices.csv'],
      ...['profile_export_aiperf_timeslices.json', 'profile_export_console.txt'],
      ...['profile_export_network_latency.jsonl', 'profile_export_raw.jsonl', 'profile_export_series.jsonl'],
      'profile_export_warmup.jsonl',
      ...['report.html', 'run_config.json', 'server_metrics_export.parquet', 'spool/0-0.spool'],
      ...['spool/plan.spool'],
    ];
    lay(files);
    expect([...ownFiles(folder, undefined).files].sort()).toEqual([...files].sort());
  });

  it('are those of another prefix where the configuration of that run names it', () => {
    const others = ['bar.json', 'bar.jsonl', 'bar_server_metrics.csv', 'foo.json', 'foo_outputs.json'];
    lay(others);
    expect(ownFiles(folder, 'foo').files).toEqual(['foo.json', 'foo_outputs.json']);
    writeFileSync(join(folder, 'run_config.json'), '{"export_prefix":"bar.json"}');
    expect([...ownFiles(folder, 'foo').files].sort()).toEqual([...others, 'run_config.json']);
    writeFileSync(join(folder, 'run_config.json'), '{"export_prefix":"../../x"}');
    expect([...ownFiles(folder, 'foo').files].sort()).toEqual([
      'foo.json',
      'foo_outputs.json',
      'run_config.json',
    ]);
  });

  it('are those of a sweep, a repeat and a search, where the folder holds one', () => {
    const point = 'concurrency_2__rate_10.5/profile_export.jsonl';
    const runs = [
      'profile_runs/run_0001/profile_export.jsonl',
      'profile_runs/trial_0002/isl_100/inputs.json',
      'search_iter_0003/profile_runs/run_0001/logs/aiperf.log',
      'aggregate/concurrency_2/profile_export_aiperf_aggregate.csv',
      'aggregate/sweep_aggregate/profile_export_aiperf_sweep.json',
    ];
    lay([point, ...runs]);
    // A folder that only has such a name may be another run's.
    expect([...ownFiles(folder, undefined).files].sort()).toEqual([...runs].sort());
    lay(['sweep_config.json']);
    expect([...ownFiles(folder, undefined).files].sort()).toEqual(
      [point, ...runs, 'sweep_config.json'].sort(),
    );
  });

  it('are none of the user, and not those before', () => {
    lay([
      ...['data.jsonl', 'profile_export.jsonl.bak', 'my_profile_export.jsonl', 'logs/server.log'],
      ...[
        'plots/mine.png',
        'phases/notes.txt',
        'aggregate/notes.csv',
        'spool/mail',
        'profile_runs/x/inputs.json',
      ],
      ...['previous/profile_export.jsonl', 'previous/inputs.json'],
    ]);
    expect(ownFiles(folder, undefined).files).toEqual([]);
  });

  it('links under names of ours are files, whatever they lead to', () => {
    symlinkSync(root, join(folder, 'logs'));
    symlinkSync(root, join(folder, 'phases'));
    symlinkSync(join(root, 'nowhere'), join(folder, 'profile_export.jsonl'));
    symlinkSync(root, join(folder, 'mine'));
    expect([...ownFiles(folder, undefined).files].sort()).toEqual(['logs', 'phases', 'profile_export.jsonl']);
  });
});
