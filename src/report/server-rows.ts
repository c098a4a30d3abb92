import { withCommas } from '../metrics/format.js';
import { interTokenLatency, requestLatency, timeToFirstToken } from '../metrics/request-metrics.js';
import type { ServerView } from '../run/server-view.js';
import { withThousands } from '../util/counted.js';
import { percentWords, short } from './figures.js';

/** Heads of the table of a server's figures, on the console and on a page. */
export const serverColumns = ['Figure', 'Server', 'Client', 'Difference'];

/** What the table is called. */
export function serverTitle({ server = 'server', urls = [] }: ServerView): string {
  return `Server-side view: ${server} at ${urls.join(', ')}`;
}

/** The figures that the servers of one make have. */
export function serverRows(view: ServerView): string[][] {
  const { kvCacheUsage, prefixCacheHitRate, preemptions, acceptanceLength, acceptanceRate } = view;
  const counts = (label: string, of: ServerView['promptTokens']) =>
    of?.server === undefined
      ? []
      : [
          [
            label,
            withThousands(of.server),
            ...(of.client === undefined
              ? ['', '']
              : [withThousands(of.client), signed(of.server - of.client, withThousands)]),
          ],
        ];
  const gauge = (label: string, of: ServerView['kvCacheUsage'], text: (value: number) => string) =>
    of?.avg === undefined || of.max === undefined
      ? []
      : [[`${label}, mean / max`, `${text(of.avg)} / ${text(of.max)}`, '', '']];
  return [
    ...counts('Requests finished', view.requestsFinished),
    ...counts('Prompt tokens', view.promptTokens),
    ...counts('Generation tokens', view.generationTokens),
    ...(preemptions === undefined ? [] : [['Preemptions', withThousands(preemptions), '', '']]),
    ...(prefixCacheHitRate === undefined
      ? []
      : [['Prefix-cache hit rate', percentWords(prefixCacheHitRate), '', '']]),
    ...(acceptanceLength === undefined
      ? []
      : [['Speculative acceptance length', short(acceptanceLength), '', '']]),
    ...(acceptanceRate === undefined
      ? []
      : [['Speculative acceptance rate', percentWords(acceptanceRate), '', '']]),
    ...gauge('KV-cache usage', kvCacheUsage, percentWords),
    ...gauge('Running requests', view.runningRequests, short),
    ...gauge('Waiting requests', view.waitingRequests, short),
    ...times(timeToFirstToken.label, view.timeToFirstToken),
    ...times(interTokenLatency.label, view.interTokenLatency),
    ...times(requestLatency.label, view.requestLatency),
  ];
}

/** Mean and percentiles in ms; those of servers are estimates. */
function times(label: string, both: ServerView['requestLatency']): string[][] {
  const { server = {}, client = {} } = both ?? {};
  return (['avg', 'p50', 'p99'] as const).flatMap((stat) => {
    const [theirs, ours] = [server[stat], client[stat]];
    if (theirs === undefined) return [];
    // Estimates are as coarse as the buckets.
    const difference = stat === 'avg' && ours !== undefined ? signed(ours - theirs, withCommas) : '';
    const sides = [ours === undefined ? '' : withCommas(ours), difference];
    return [[`${label} ${stat} (ms)`, `${stat === 'avg' ? '' : '≈ '}${withCommas(theirs)}`, ...sides]];
  });
}

/** With its sign, but for what rounds to 0. */
function signed(value: number, text: (value: number) => string): string {
  const size = text(Math.abs(value));
  if (!/[1-9]/.test(size)) return size;
  return value > 0 ? `+${size}` : `-${size}`;
}
