import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import type { Writable } from 'node:stream';
import { offeredLoadCsv } from '../export/offered-load-csv.js';
import { phaseManifestJson, phasesOf } from '../export/phase-manifest.js';
import { summaryCsv } from '../export/summary-csv.js';
import { summaryJson } from '../export/summary-json.js';
import { timeslicesCsv, timeslicesJson } from '../export/timeslices.js';
import type { PhaseName } from '../records/record.js';
import { type CapacityTarget, capacity } from '../report/capacity.js';
import { footer } from '../report/footer.js';
import type { Layout } from '../report/layout.js';
import { report, type SideTable } from '../report/report.js';
import { serverFindings } from '../report/server-findings.js';
import type { RunFacts } from '../run/facts.js';
import { type FileKey, labelledFiles } from '../run/files.js';
import type { Run } from '../run/run.js';
import { messageOf } from '../util/errors.js';
import { writeWhole, writeWithFolder } from '../util/write-whole.js';

/** What is made of a run. */
export interface Publication {
  /** The files to write, as far as the run has something for them. */
  readonly write: (key: FileKey) => boolean;
  /** The files to name in the footer, where they are there. */
  readonly list: (key: FileKey) => boolean;
  /** Makes the page of the run. */
  readonly page: ((run: Run) => string) | undefined;
  readonly tables: ReadonlySet<SideTable>;
  /** Columns of the console file. */
  readonly consoleWidth: number;
  /** Of the terminal. */
  readonly layout: Layout;
  /** What the warm-up did not do; undefined for one without a fault. */
  readonly warmupFault?: string | undefined;
  /** A load to say the number of servers for. */
  readonly target?: CapacityTarget | undefined;
}

interface Told {
  readonly isPartial: boolean;
  /** What the series of servers and GPUs explain. */
  readonly findings: readonly string[];
}

type Text = (run: Run, publication: Publication, told: Told) => string | undefined;

/** What makes the text of each file, in the order of writing; undefined where the run has nothing for it. */
const texts: readonly (readonly [FileKey, Text])[] = [
  ['timeslicesCsv', ({ summary: { sliced } }) => sliced && timeslicesCsv(sliced.slices)],
  [
    'timeslicesJson',
    ({ summary: { sliced }, facts }) => sliced && timeslicesJson(sliced.slices, facts.inputConfig ?? {}),
  ],
  ['offeredCsv', ({ facts: { shards } }) => shards?.offered && offeredLoadCsv(shards.offered)],
  ['csv', ({ summary, gpu }) => summaryCsv(summary.results, gpu?.gpus)],
  [
    'console',
    (run, { consoleWidth: width, tables }, { findings }) =>
      report(run.summary, run.facts, { width, colours: false }, tables, findings, run.gpu),
  ],
  ['warmupCsv', phaseText('warmup', 'csv')],
  ['warmupJson', phaseText('warmup', 'json')],
  ['profilingCsv', phaseText('profiling', 'csv')],
  ['profilingJson', phaseText('profiling', 'json')],
  [
    'phaseManifest',
    (run) => (phasesOf(run).length < 2 ? undefined : phaseManifestJson(phasesOf(run), run.files)),
  ],
  // Behind the others, because it is what a finished run is known by.
  [
    'json',
    ({ summary, facts, warmup, gpu }, _, { findings }) => {
      const explanations = findings.length === 0 ? undefined : findings;
      return summaryJson(summary, identified({ ...facts, explanations }), warmup, gpu);
    },
  ],
  ['page', (run, { page }) => page?.(run)],
  [
    'ready',
    ({ facts: { wasCancelled = false } }, _, { isPartial }) =>
      JSON.stringify({ ready: true, was_cancelled: wasCancelled, partial: isPartial }),
  ],
];

/**
 * Writes the files of a run and prints its report. A file that cannot be written does not keep the others from it.
 * @returns a sentence for each that could not be written.
 */
export function publish(run: Run, publication: Publication, stdout: Writable): string[] {
  const { summary, facts, files } = run;
  const { write, list, layout, tables, target, warmupFault } = publication;
  const troubles: string[] = [];
  let findings: readonly string[] = [];
  try {
    findings = serverFindings(run);
  } catch (thrown) {
    // Their file cannot be read: no result depends on it.
    troubles.push(`Explanations are left out: ${messageOf(thrown)}`);
  }
  for (const [key, textOf] of texts) {
    if (!write(key)) continue;
    // Each phase has a folder of its own; that of the page is the user's.
    const writeFile = key === 'page' ? writeWhole : writeWithFolder;
    troubles.push(
      ...writeFile(files[key], () => textOf(run, publication, { isPartial: troubles.length > 0, findings })),
    );
  }
  stdout.write(report(summary, facts, layout, tables, findings, run.gpu));
  if (target !== undefined && summary.validCount > 0) stdout.write(capacity(summary, target, layout));
  const listed = labelledFiles(files).filter(({ key, path }) => list(key) && existsSync(path));
  const log = existsSync(files.log) ? files.log : undefined;
  stdout.write(footer(summary, facts, { files: listed, log, warmupFault }, layout));
  return troubles;
}

/** A summary always has an id. */
function identified(facts: RunFacts): RunFacts {
  return { ...facts, benchmarkId: facts.benchmarkId ?? randomBytes(6).toString('hex') };
}

/** The summary of a phase; none for a run of one phase. */
function phaseText(name: PhaseName, kind: 'csv' | 'json'): Text {
  return (run) => {
    const phases = phasesOf(run);
    const phase = phases.find((one) => one.name === name);
    if (phases.length < 2 || phase === undefined) return undefined;
    if (kind === 'csv') return summaryCsv(phase.summary.results);
    const { startedAtNs, endedAtNs } = phase;
    const { fidelity, explanations: _, ...facts } = run.facts;
    return summaryJson(phase.summary, {
      ...facts,
      ...{ startedAtNs, endedAtNs },
      // The verdict is on the client while it measured.
      ...(name === 'warmup' ? {} : { fidelity }),
    });
  };
}
