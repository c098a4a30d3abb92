import { counted, withThousands } from '../util/counted.js';
import type { ClientCounts } from './client-counts.js';
import { percent, withCommas } from './format.js';
import type { ServerFigures } from './server-figures.js';
import type { Statistics } from './statistics.js';
import { checkTokens } from './token-check.js';

/** How a server's figures and the client's fit: a sentence for each. */
export interface ServerCheck {
  /** Equal, or different for a known reason. */
  readonly explained: readonly string[];
  /** What no reason that is known explains, or what makes the run's figures doubtful. */
  readonly unexplained: readonly string[];
}

/** Takes sentences as they are found. */
export interface Findings extends ServerCheck {
  readonly explained: string[];
  readonly unexplained: string[];
}

/** Differences of times that are not worth a word: rounding, and the resolution of stamps. */
const LEAST_MS = 1;
const LEAST_SHARE = 0.02;

/** Compares what a server and the client counted in a phase. */
export function checkServer(server: ServerFigures, client: ClientCounts): ServerCheck {
  if (server.gaps.length > 0) {
    return { explained: [`Counts are not compared: ${server.gaps.join('; ')}.`], unexplained: [] };
  }
  const stages = stagesOf(server, client);
  if (stages !== undefined) {
    const { name, urls, counts } = server;
    const sums = `${urls.length} pages of ${name} count ${withThousands(counts.finished ?? 0)} finished requests`;
    return {
      explained: [
        `Counts are not compared: ${sums}, ${stages} times the ${withThousands(client.succeeded)} of ours. ` +
          `${stages} servers serve each request, such as for prefill and decode, and all of them count it and its tokens.`,
      ],
      unexplained: [],
    };
  }
  const found: Findings = { explained: [], unexplained: [] };
  const others = checkRequests(server, client, found);
  checkTokens(server, client, others, found);
  checkTimes(server, client, others || client.unsure > 0, found);
  return found;
}

/** Outcomes that are no finished request, as the reasons of servers call them. */
const aborted = ['abort', 'aborted', 'cancelled'];
const failed = ['error', 'validation', 'not_found', 'overload', 'internal', 'not_implemented'];

/**
 * How many servers count each request, where their sum is a multiple of ours: servers for prefill and for decode that
 * work behind one URL. @returns undefined where each request counts once, or where the sum is no multiple.
 */
function stagesOf(server: ServerFigures, client: ClientCounts): number | undefined {
  const { succeeded, unsure, prompts, choices } = client;
  const finished = finishedIn(server) ?? 0;
  const fits = (each: number) => finished >= succeeded * each && finished <= (succeeded + unsure) * each;
  if (succeeded === 0 || [1, choices, prompts * choices].some(fits)) return undefined;
  for (let stages = 2; stages <= server.urls.length; stages++) if (fits(stages)) return stages;
  return undefined;
}

/** Requests that a server finished, without those that it counts as aborted or failed. */
function finishedIn({ counts: { finished }, reasons }: ServerFigures): number | undefined {
  return finished === undefined ? undefined : finished - sumOf(reasons, [...aborted, ...failed]);
}

function sumOf(reasons: ServerFigures['reasons'], some: readonly string[]): number {
  return some.reduce((sum, reason) => sum + (reasons[reason] ?? 0), 0);
}

/** @returns whether other clients used the server. */
function checkRequests(server: ServerFigures, client: ClientCounts, found: Findings): boolean {
  const { name, counts, reasons } = server;
  const finished = finishedIn(server);
  if (finished === undefined) return false;
  const given = { aborted: sumOf(reasons, aborted) + (counts.aborted ?? 0), failed: sumOf(reasons, failed) };
  // Prompts and choices of a request may be requests of their own to a server.
  const { succeeded, unsure, prompts, choices } = client;
  const fits = (each: number) => finished >= succeeded * each && finished <= (succeeded + unsure) * each;
  const each = [prompts * choices, choices, 1].find(fits) ?? 1;
  const least = client.succeeded * each;
  const most = least + client.unsure * each;
  const times = each === 1 ? '' : `, each counted ${each} times (prompts and choices)`;
  const ours = `${withThousands(client.succeeded)} of ours succeeded${times}`;
  const uncounted = [
    ...(given.aborted === 0 ? [] : [`${withThousands(given.aborted)} as aborted`]),
    ...(given.failed === 0 ? [] : [`${withThousands(given.failed)} as failed`]),
  ];
  const also = uncounted.length === 0 ? '' : `; it also counts ${uncounted.join(' and ')}`;
  if (finished < least) {
    found.unexplained.push(
      `Requests: ${name} finished ${withThousands(finished)}, and ${ours}: ` +
        `${withThousands(least - finished)} are missing on its metrics page${also}.`,
    );
    return false;
  }
  if (finished > most) {
    found.unexplained.push(
      `Requests: ${name} finished ${withThousands(finished)}, and ${ours}: at least ` +
        `${withThousands(finished - most)} came from other clients during the run.`,
    );
    return true;
  }
  const late = finished - least;
  const rest = unansweredWords(client);
  found.explained.push(
    late > 0
      ? `Requests: ${name} finished ${withThousands(finished)}: ${ours}, and ${withThousands(late)} ended on the server before it saw that they were cancelled or broken (${rest})${also}.`
      : `Requests: ${name} finished ${withThousands(finished)}: ${ours}${rest === '' ? '' : ` (${rest})`}${also}.`,
  );
  return false;
}

/** `9 of ours were cancelled or failed, 2 refused`. */
function unansweredWords({ unsure, refused }: ClientCounts): string {
  return [
    ...(unsure === 0
      ? []
      : [`${counted(unsure, 'other of ours was', 'others of ours were')} cancelled or failed`]),
    ...(refused === 0 ? [] : [`${withThousands(refused)} refused`]),
  ].join(', ');
}

/** @param isMixed the server's figures are also those of requests that did not succeed here, or of other clients. */
function checkTimes(
  { name, latencies }: ServerFigures,
  { ttft, itl, latency, generationTokens, ownGenerationTokens }: ClientCounts,
  isMixed: boolean,
  found: Findings,
): void {
  const beforeClock = 'network, HTTP, and what the server does before its clock starts';
  const [ttftGap, latencyGap] = [gap(latencies.ttft?.mean, ttft), gap(latencies.latency?.mean, latency)];
  // Both have the same way to the server; the client waits for text, which the first tokens may not have.
  const textMs = (ttftGap ?? 0) - (isNotBelow(latencyGap) ? latencyGap : Number.POSITIVE_INFINITY);
  const isLater = textMs > Math.max(LEAST_MS, LEAST_SHARE * (ttft?.avg ?? 0));
  const text = isLater ? `; ${withCommas(textMs)} ms of it until the first token with text` : '';
  compareTime('TTFT', latencies.ttft?.mean, ttft, { reason: beforeClock + text, isCertain: true });
  compareTime('Request latency', latencies.latency?.mean, latency, { reason: beforeClock, isCertain: true });
  const { mean, isPerRequest = false } = latencies.itl ?? {};
  const isRecounted = ownGenerationTokens !== generationTokens?.total;
  const reasons = [
    isPerRequest ? 'both are means of requests' : "the server's is a mean of tokens, ours of requests",
    ...(isRecounted ? ['ours divides by the tokens counted here'] : []),
    ...(isLater ? ['ours begins with the first text'] : []),
  ];
  compareTime('ITL', mean, itl, { reason: reasons.join('; '), isCertain: false });

  /** @param isCertain ours cannot be below the server's. */
  function compareTime(
    label: string,
    theirs: number | undefined,
    ours: Statistics | undefined,
    { reason, isCertain }: { readonly reason: string; readonly isCertain: boolean },
  ): void {
    const above = gap(theirs, ours);
    if (theirs === undefined || ours?.avg === undefined || above === undefined) return;
    const size = withCommas(Math.abs(above));
    const mean = `${label}: our mean of ${withCommas(ours.avg)} ms`;
    if (size === '0.00') {
      found.explained.push(`${mean} equals ${name}'s.`);
      return;
    }
    const share = percent(above / theirs);
    const part = Number.parseFloat(share) === 0 ? 'under 0.1 %' : share;
    const means = `${mean} is ${size} ms ${above < 0 ? 'below' : 'above'} ${name}'s (${part})`;
    if (isMixed)
      found.explained.push(`${means}, which is also that of requests that did not succeed here: ${reason}.`);
    else if (!isCertain || above >= -Math.max(LEAST_MS, LEAST_SHARE * theirs))
      found.explained.push(`${means}: ${reason}.`);
    else found.unexplained.push(`${means}, although the server stamps before the client.`);
  }
}

function isNotBelow(gap: number | undefined): gap is number {
  return gap !== undefined && gap >= 0;
}

/** How far our mean is above the server's. */
function gap(theirs: number | undefined, { avg }: Statistics = {}): number | undefined {
  return theirs === undefined || avg === undefined ? undefined : avg - theirs;
}
