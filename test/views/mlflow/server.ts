import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { MlflowMetric, MlflowPair } from '../../../src/views/mlflow/client.js';

/** What a run of the simulated server holds. */
interface StoredRun {
  readonly name: string;
  readonly startMs: number;
  status: string;
  readonly metrics: MlflowMetric[];
  readonly params: Map<string, string>;
  readonly tags: Map<string, string>;
  readonly files: Map<string, string>;
}

/** The part of an MLflow server that we use. @param refuse a status for a request; undefined: it is served. */
export async function openMlflowServer(refuse: (path: string) => number | undefined = () => undefined) {
  const runs = new Map<string, StoredRun>();
  const experiments = new Map<string, string>();
  const calls: string[] = [];
  const authorizations = new Set<string | undefined>();
  const missing = {
    status: 404,
    answer: { error_code: 'RESOURCE_DOES_NOT_EXIST', message: 'No such thing' },
  };

  const answerTo = (method: string, url: URL, text: string): { status: number; answer: object } => {
    const file = /\/mlflow-artifacts\/artifacts\/0\/(\w+)\/artifacts\/(.*)$/.exec(url.pathname);
    if (method === 'PUT' && file !== null) {
      runs.get(file[1] ?? '')?.files.set(decodeURIComponent(file[2] ?? ''), text);
      return { status: 200, answer: {} };
    }
    const body = method === 'POST' ? JSON.parse(text) : Object.fromEntries(url.searchParams);
    const run = runs.get(body.run_id);
    switch (url.pathname.replace('/api/2.0/mlflow/', '')) {
      case 'experiments/get-by-name': {
        const id = experiments.get(body.experiment_name);
        return id === undefined ? missing : { status: 200, answer: { experiment: { experiment_id: id } } };
      }
      case 'experiments/create':
        experiments.set(body.name, '0');
        return { status: 200, answer: { experiment_id: '0' } };
      case 'runs/create': {
        const id = `run${runs.size + 1}`;
        runs.set(id, {
          ...{ name: body.run_name, startMs: body.start_time, status: 'RUNNING', metrics: [] },
          ...{ params: new Map(), tags: new Map(), files: new Map() },
        });
        for (const { key, value } of body.tags as MlflowPair[]) runs.get(id)?.tags.set(key, value);
        const info = {
          run_id: id,
          run_name: body.run_name,
          artifact_uri: `mlflow-artifacts:/0/${id}/artifacts`,
        };
        return { status: 200, answer: { run: { info } } };
      }
      case 'runs/get':
        return run === undefined ? missing : { status: 200, answer: {} };
      case 'runs/log-batch': {
        const { metrics = [], params = [], tags = [] } = body;
        run?.metrics.push(...metrics);
        for (const { key, value } of params as MlflowPair[]) run?.params.set(key, value);
        for (const { key, value } of tags as MlflowPair[]) run?.tags.set(key, value);
        return { status: 200, answer: {} };
      }
      case 'runs/update':
        if (run !== undefined) run.status = body.status;
        return { status: 200, answer: {} };
      default:
        return missing;
    }
  };

  const server = createServer((request, response) => {
    const parts: Buffer[] = [];
    request.on('data', (part: Buffer) => parts.push(part));
    request.on('end', () => {
      const { method = '', url = '' } = request;
      const at = new URL(url, 'http://h');
      calls.push(`${method} ${at.pathname}`);
      authorizations.add(request.headers.authorization);
      const refused = refuse(at.pathname);
      const { status, answer } =
        refused === undefined
          ? answerTo(method, at, Buffer.concat(parts).toString())
          : { status: refused, answer: {} };
      response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(answer));
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    ...{ runs, calls, authorizations },
    close: () => {
      server.closeAllConnections();
      return new Promise((resolve) => server.close(resolve));
    },
  };
}
