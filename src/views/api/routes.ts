import type { Printable } from '../../util/python-json.js';
import { version } from '../../util/version.js';
import type { WatchedRun } from '../messages.js';
import { type Answer, failure, json, text } from './answer.js';
import { configBody } from './config.js';
import { datasetBody, datasetFile } from './dataset.js';
import { indexPage } from './index-page.js';
import { metricsBody, metricsText } from './metrics.js';
import { openApiDocument } from './openapi.js';
import { progressBody } from './progress.js';
import { resultFile, resultsBody, resultsList } from './result-files.js';
import { runBody } from './run.js';
import type { ServerMetrics } from './server-metrics.js';
import type { ApiState } from './state.js';
import { workersBody } from './workers.js';

/** An address of the API. */
export interface Route {
  readonly method: 'GET' | 'POST';
  /** One that ends in `{name}` is that of every path that begins so. */
  readonly path: string;
  /** What it answers, for readers. */
  readonly summary: string;
  /** Of its answer. */
  readonly type: 'application/json' | 'text/html' | 'text/plain' | 'application/octet-stream';
  /** @param name what follows the fixed part of the path, decoded. */
  readonly answer: (name: string) => Answer;
}

/** What routes answer from. */
export interface RouteContext {
  readonly state: ApiState;
  readonly serverMetrics: ServerMetrics;
  /** Of the live page; undefined without one. */
  readonly liveUrl: string | undefined;
  /** Ends the API. */
  readonly shutDown: () => void;
}

/** All routes. */
export function apiRoutes(context: RouteContext): readonly Route[] {
  const routes: readonly Route[] = [
    ...pageRoutes(context, () => routes),
    ...runRoutes(context),
    ...resultRoutes(context),
  ];
  return routes;
}

function pageRoutes({ state, liveUrl }: RouteContext, routes: () => readonly Route[]): Route[] {
  const list = () => ({ status: 200, type: 'text/html; charset=utf-8', body: indexPage(routes()) });
  const live = () =>
    liveUrl === undefined ? list() : { ...text(''), status: 302, headers: { location: liveUrl } };
  const page = (path: string, summary: string, answer: () => Answer): Route => ({
    ...{ method: 'GET', path, summary, type: 'text/html', answer },
  });
  const probe = (path: string, summary: string, isOk: () => boolean): Route => ({
    ...{ method: 'GET', path, summary, type: 'text/plain' },
    answer: () => (isOk() ? text('ok') : { ...text('not ready'), status: 503 }),
  });
  return [
    page('/', 'The live page with --live, else these routes', live),
    page('/dashboard', 'The same', live),
    page('/dashboard-v2', 'The same', live),
    page('/dashboard-v2/', 'The same', live),
    page('/docs', 'These routes', list),
    page('/redoc', 'These routes', list),
    get('/openapi.json', 'These routes, in OpenAPI 3.1', () => openApiDocument(routes(), version)),
    probe('/healthz', 'Whether the API works', () => true),
    probe('/readyz', 'Whether a run has begun', () => state.run !== undefined),
    {
      ...{ method: 'GET', path: '/metrics', type: 'text/plain' },
      summary: 'Metrics so far, for Prometheus',
      answer: () => ({
        ...{ status: 200, type: 'text/plain; version=0.0.4; charset=utf-8' },
        body: state.run === undefined ? '' : metricsText(state.run, state.snapshots),
      }),
    },
  ];
}

function runRoutes({ state, serverMetrics }: RouteContext): Route[] {
  const ofRun = (path: string, summary: string, body: (run: WatchedRun) => Printable): Route => ({
    ...{ method: 'GET', path, summary, type: 'application/json' },
    answer: () => (state.run === undefined ? failure(503, 'No run has begun.') : json(body(state.run))),
  });
  return [
    ofRun('/api/metrics', 'Metrics so far', (run) => metricsBody(run, state.snapshots)),
    get('/api/progress', 'Phases, requests, records', () => progressBody(state)),
    get('/api/workers', 'Load threads', () => workersBody(state.snapshot)),
    get('/api/server-metrics', 'Statistics of the pages of servers', () => serverMetrics.body(state)),
    ofRun('/api/config', 'The resolved configuration, secrets masked', ({ config }) => configBody(config)),
    ofRun('/api/run', 'Which run it is', runBody),
    ofRun('/api/dataset/state', 'The dataset', datasetBody),
    {
      ...{ method: 'GET', path: '/api/dataset/data', type: 'application/json' },
      summary: 'inputs.json, the payloads of the dataset',
      answer: () => datasetFile(state.run),
    },
  ];
}

function resultRoutes({ state, shutDown }: RouteContext): Route[] {
  return [
    get('/api/results', 'The summary, when the files are written', () => resultsBody(state.result)),
    get('/api/results/list', 'Files of the run, when they are written', () => resultsList(state)),
    {
      ...{ method: 'GET', path: '/api/results/files/{name}', type: 'application/octet-stream' },
      summary: 'One of these files',
      answer: (name) => resultFile(state.result, name),
    },
    {
      ...{ method: 'POST', path: '/api/shutdown', type: 'application/json' },
      summary: 'End the API at once after the run; it cannot end a run',
      answer: () => {
        if (!state.isOver) return failure(409, 'The run has not ended: the API cannot be shut down.');
        shutDown();
        return json({ status: 'shutting_down' });
      },
    },
  ];
}

function get(path: string, summary: string, body: () => Printable): Route {
  return { method: 'GET', path, summary, type: 'application/json', answer: () => json(body()) };
}
