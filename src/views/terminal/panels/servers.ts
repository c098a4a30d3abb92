import { percent } from '../../../metrics/format.js';
import { short } from '../../../report/figures.js';
import type { LiveGpu, LiveServer } from '../../../telemetry/live-telemetry.js';
import { withThousands } from '../../../util/counted.js';
import { progressBar } from '../bars.js';
import { cell, type Row, span, type Tone } from '../rows.js';
import type { Panel } from './panel.js';

/** On narrower screens each has its name on a row of its own, and shorter figures. */
const WIDE = 80;

/** How figures are written. */
interface Style {
  readonly bar: number;
  readonly running: string;
  readonly waiting: string;
}

const wide: Style = { bar: 10, running: '  running ', waiting: '  waiting ' };
const narrow: Style = { bar: 6, running: '  run ', waiting: '  wait ' };
/** Used shares from which a resource is nearly full, and full. */
const NEARLY_FULL = 0.8;
const FULL = 0.95;

/** Queue and KV cache of servers, and GPUs. */
export const serversPanel: Panel = {
  name: 'servers',
  title: () => [span('Servers and GPUs', 'title')],
  rows: ({ snapshot }, width) => {
    const { servers = [], gpus = [] } = snapshot?.telemetry ?? {};
    const rows = (servers.length + gpus.length) * (width < WIDE ? 2 : 1);
    return { least: Math.min(2, rows), most: rows };
  },
  draw: ({ snapshot }, width, height, scroll) => {
    const { servers = [], gpus = [] } = snapshot?.telemetry ?? {};
    const hosts = new Set(gpus.map(({ host }) => host));
    const style = width < WIDE ? narrow : wide;
    const parts = [
      ...servers.map((server) => ({ name: serverName(server), figures: serverFigures(server, style) })),
      ...gpus.map((gpu) => ({ name: gpuName(gpu, hosts.size > 1), figures: gpuFigures(gpu, style) })),
    ];
    const longest = Math.max(0, ...parts.map(({ name }) => name.length));
    const columns = Math.min(longest, Math.floor(width / 4));
    const rows = parts.flatMap(({ name, figures }): Row[] =>
      width < WIDE ? [[name], figures] : [[cell(name, columns), ...figures]],
    );
    return rows.slice(scroll, scroll + height);
  },
};

function serverName({ url }: LiveServer): string {
  return url.replace(/^https?:\/\//, '').replace(/\/metrics$/, '');
}

function serverFigures(server: LiveServer, style: Style): Row {
  const { running, waiting, kvCacheShare, outputTokensPerSecond } = server;
  return [
    ...(kvCacheShare === undefined ? [] : [span('  KV   ', 'dim'), ...shareBar(kvCacheShare, style)]),
    ...(running === undefined ? [] : [span(style.running, 'dim'), withThousands(running)]),
    ...(waiting === undefined
      ? []
      : [span(style.waiting, 'dim'), span(withThousands(waiting), waiting > 0 ? 'warn' : undefined)]),
    ...(outputTokensPerSecond === undefined
      ? []
      : [`  ${short(outputTokensPerSecond)}`, span(' tok/s', 'dim')]),
  ];
}

function gpuName({ index, model, host }: LiveGpu, namesHost: boolean): string {
  return `${namesHost ? `${host} ` : ''}GPU ${index} ${model}`;
}

function gpuFigures(gpu: LiveGpu, style: Style): Row {
  const { utilizationPercent, memoryUsedGb, powerWatts, temperatureCelsius } = gpu;
  return [
    ...(utilizationPercent === undefined
      ? []
      : [span('  util ', 'dim'), ...shareBar(utilizationPercent / 100, style)]),
    ...(memoryUsedGb === undefined ? [] : [`  ${short(memoryUsedGb)}`, span(' GB', 'dim')]),
    ...(powerWatts === undefined ? [] : [`  ${powerWatts.toFixed(0)}`, span(' W', 'dim')]),
    ...(temperatureCelsius === undefined ? [] : [`  ${temperatureCelsius.toFixed(0)}`, span(' °C', 'dim')]),
  ];
}

function shareBar(share: number, { bar }: Style): Row {
  const tone: Tone = share >= FULL ? 'bad' : share >= NEARLY_FULL ? 'warn' : 'good';
  const { done, left } = progressBar(share, bar);
  return [span(done, tone), span(left, 'dim'), ` ${percent(share, 0).padStart(5)}`];
}
