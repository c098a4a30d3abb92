import { goodput } from '../../metrics/goodput-metrics.js';
import type { Metric } from '../../metrics/metric.js';
import { interTokenLatency, requestLatency, timeToFirstToken } from '../../metrics/request-metrics.js';
import { statsOf } from '../../metrics/results.js';
import { outputTokenThroughput, requestThroughput } from '../../metrics/run-metrics.js';
import { withThousands } from '../../util/counted.js';
import { durationWords, percentWords, short } from '../figures.js';
import { sloWords } from '../slo-words.js';
import { fidelityTables } from './fidelity.js';
import { type Html, type HtmlContent, html } from './html.js';
import { loadWords } from './load.js';
import { metricTables, sliceSection } from './metric-tables.js';
import { failureSection, slowestRequests } from './requests.js';
import type { ReportedRun } from './run.js';
import { serverSection } from './server.js';
import { shardsContent } from './shards.js';
import { statementList } from './statement.js';
import { table } from './table.js';
import { runStatements } from './words.js';

/** One part of a run: a heading that can be jumped to. */
interface Part {
  readonly name: string;
  readonly heading: string;
  readonly content: HtmlContent;
}

/**
 * All of one run, its words first.
 * @param id what the ids of its parts begin with. @param charts of the run, drawn by the page's script.
 */
export function runSection(run: ReportedRun, id: string, charts: HtmlContent): Html {
  const { summary, notable, facts } = run;
  const { title = 'LLM Metrics', startedAtNs = summary.firstStartNs ?? 0n, benchmarkId } = facts;
  const firstNs = summary.firstStartNs ?? 0n;
  const parts: readonly Part[] = [
    { name: 'charts', heading: 'Over time and in distribution', content: charts },
    { name: 'metrics', heading: 'Metrics', content: metricTables(summary) },
    { name: 'slices', heading: 'Slices', content: sliceSection(summary.sliced) },
    { name: 'slowest', heading: 'Slowest requests', content: slowestRequests(notable, firstNs) },
    { name: 'failures', heading: 'Failures', content: failureSection(summary, notable, firstNs) },
    { name: 'server', heading: 'Server', content: serverSection(facts) },
    { name: 'shards', heading: 'Shards', content: shardsContent(facts.shards) },
    { name: 'client', heading: 'Client', content: fidelityTables(facts.fidelity) },
    { name: 'configuration', heading: 'Configuration', content: configuration(run) },
  ];
  const there = parts.filter(({ content }) => content !== undefined);
  return html`<header class="run-head">
<h1 id="${id}-top">${run.name}</h1>
<p class="when">${title}, ${utc(startedAtNs)}${benchmarkId !== undefined && `, run ${benchmarkId}`}</p>
<nav aria-label="Parts of ${run.name}">${there.map(({ name, heading }) => html`<a href="#${id}-${name}">${heading}</a> `)}</nav>
</header>
<section aria-label="Summary">
${statementList(runStatements(run))}
${headline(run)}
</section>
${there.map(
  ({ name, heading, content }) =>
    html`<section aria-labelledby="${id}-${name}"><h2 id="${id}-${name}">${heading}</h2>\n${content}</section>\n`,
)}`;
}

/** The figures that one looks for first, large. */
function headline({ summary }: ReportedRun): Html {
  const { results, validCount, failedCount, slos } = summary;
  const of = (metric: Metric) => statsOf(results, metric);
  const time = (metric: Metric, label: string) => {
    const { p50, p99 } = of(metric) ?? {};
    return p50 === undefined || p99 === undefined
      ? []
      : [[label, durationWords(p50), `p99 ${durationWords(p99)}`]];
  };
  const rate = (metric: Metric, label: string, unit: string) => {
    const avg = of(metric)?.avg;
    return avg === undefined ? [] : [[label, short(avg), unit]];
  };
  const all = validCount + failedCount;
  const tiles = [
    ...time(timeToFirstToken, 'Time to first token'),
    ...time(interTokenLatency, 'Inter-token latency'),
    ...time(requestLatency, 'Request latency'),
    ...rate(requestThroughput, 'Throughput', 'requests/s'),
    ...rate(outputTokenThroughput, 'Output tokens', 'tokens/s'),
    ...(slos.length > 0 ? [['Goodput', short(of(goodput)?.avg ?? 0), 'good requests/s']] : []),
    [
      'Success',
      all === 0 ? 'N/A' : percentWords(validCount / all),
      `${withThousands(failedCount)} of ${withThousands(all)} failed`,
    ],
  ];
  return html`<ul class="tiles">${tiles.map(
    ([label, value, note]) =>
      html`<li><span class="label">${label}</span> <strong>${value}</strong> <span class="note">${note}</span></li>\n`,
  )}</ul>`;
}

function configuration({ facts: { inputConfig, command }, summary }: ReportedRun): Html {
  const { rows } = loadWords(inputConfig);
  const slos = summary.slos.map(sloWords);
  const all = [...rows, ...(slos.length === 0 ? [] : [['Objectives', slos.join('; ')] as const])];
  return html`${all.length > 0 && table({ caption: 'Configuration', isCaptionHidden: true, columns: ['', ''], rows: all, textColumns: [1] })}
<h3>Command</h3>
${
  command === undefined
    ? html`<p>The command was not recorded.</p>`
    : html`<pre class="command" tabindex="0"><code>${command}</code></pre>`
}
${
  inputConfig !== undefined &&
  html`<details><summary>Full configuration</summary><pre tabindex="0">${JSON.stringify(inputConfig, undefined, 2)}</pre></details>`
}`;
}

/** `2026-01-01 00:00:01 UTC`. */
function utc(epochNs: bigint): string {
  return `${new Date(Number(epochNs / 1_000_000n)).toISOString().slice(0, 19).replace('T', ' ')} UTC`;
}
