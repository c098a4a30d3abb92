import type { SessionMetric } from './metric.js';
import { perSession } from './metric-rows.js';

const time = { unit: 'ns', displayUnit: 'sec', table: 'sessions' } as const;

const sessionDuration = perSession({
  tag: 'session_duration',
  label: 'Session Duration',
  ...time,
  order: 100,
  formula: 'start of the first request to the last content chunk of all requests of the session',
  compute: ({ startNs, endNs }) => endNs - startNs,
});

const sessionServerTime = perSession({
  tag: 'session_server_time',
  label: 'Session Server Time',
  ...time,
  order: 200,
  formula: 'time with at least one request of the session in flight',
  compute: ({ serverNs }) => serverNs,
});

const sessionWaitTime = perSession({
  tag: 'session_wait_time',
  label: 'Session Wait Time',
  ...time,
  order: 300,
  formula: 'Session Duration - Session Server Time: tools, think times, and waiting to be sent',
  compute: ({ startNs, endNs, serverNs }) => endNs - startNs - serverNs,
});

const sessionCriticalPath = perSession({
  tag: 'session_critical_path',
  label: 'Session Critical Path',
  ...time,
  order: 400,
  formula:
    'sum of Request Latency over the longest chain of requests that waited for one another; with one agent, over all of them',
  compute: ({ criticalNs }) => criticalNs,
});

const sessionTurns = perSession({
  tag: 'session_turns',
  label: 'Requests per Session',
  unit: 'requests',
  table: 'sessions',
  order: 500,
  formula: 'requests of the session, over all its agents',
  compute: ({ rows }) => rows.length,
});

const sessionAgents = perSession({
  tag: 'session_agents',
  label: 'Agents per Session',
  unit: 'count',
  formula: 'agents of the session that sent requests',
  compute: ({ agents }) => agents,
});

const sessionCachedShare = perSession({
  tag: 'session_prompt_cache_read_pct',
  label: 'Session Prompt Cache Read',
  unit: '%',
  largerIsBetter: true,
  table: 'sessions',
  order: 600,
  formula: '100 * Usage Prompt Cache Read Tokens / Usage Prompt Tokens, both summed over the session',
  absent: 'either is not reported',
  compute: ({ promptTokens, cachedTokens = 0 }) => promptTokens && (100 * cachedTokens) / promptTokens,
});

/** Of each session with several requests that was completed without a failure. */
export const sessionMetrics: readonly SessionMetric[] = [
  sessionDuration,
  sessionServerTime,
  sessionWaitTime,
  sessionCriticalPath,
  sessionTurns,
  sessionAgents,
  sessionCachedShare,
];
