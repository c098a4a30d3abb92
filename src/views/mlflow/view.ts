import { messageOf } from '../../util/errors.js';
import { maskUrls } from '../../util/secret-names.js';
import { learnSecrets, redacted, withoutSecrets } from '../../util/secrets.js';
import { every, sleep } from '../../util/timeout.js';
import type { ViewMessage, WatchedResult, WatchedRun } from '../messages.js';
import type { MlflowPlan } from '../plan.js';
import type { View, ViewContext } from '../view.js';
import { mlflowAccess } from './access.js';
import { MlflowClient } from './client.js';
import { MlflowRun } from './mlflow-run.js';

/** As AIPerf. */
const LOG_EVERY_MS = 2000;
/** As AIPerf: how long the end of the run may wait for results and files. */
const LAST_EXPORT_MS = 30_000;

/** Records each run on an MLflow tracking server: live figures, results, settings and files. */
export function openMlflow(plan: MlflowPlan, { io, reply }: ViewContext): View {
  const access = mlflowAccess(plan.trackingUri, io.env);
  learnSecrets(access.secrets);
  const client = new MlflowClient(plan.trackingUri, access);
  const server = maskUrls(plan.trackingUri, redacted);
  let isReported = false;
  const onFailure = (doing: string, thrown: unknown) => {
    if (isReported) return;
    isReported = true;
    const message = `${doing} on the MLflow server ${server}: ${messageOf(thrown)}. The run goes on.`;
    reply({ kind: 'warning', view: 'mlflow', message: withoutSecrets(message) });
  };
  return new MlflowView((facts) => new MlflowRun(facts, { plan, client, onFailure }), client);
}

class MlflowView implements View {
  readonly #open: (facts: WatchedRun) => MlflowRun;
  readonly #client: MlflowClient;
  readonly #stopTimer: () => void;
  #run: MlflowRun | undefined;
  /** Runs that have ended. */
  #ended: Promise<unknown> = Promise.resolve();

  constructor(open: (facts: WatchedRun) => MlflowRun, client: MlflowClient) {
    this.#open = open;
    this.#client = client;
    this.#stopTimer = every(LOG_EVERY_MS, () => this.#run?.log());
  }

  onMessage(message: ViewMessage): void {
    switch (message.kind) {
      case 'run':
        this.#end(undefined);
        this.#run = this.#open(message.run);
        break;
      case 'snapshot':
        this.#run?.snapshots.set(message.snapshot.phase, message.snapshot);
        break;
      case 'histograms':
        if (this.#run !== undefined) this.#run.histograms = message.histograms;
        break;
      case 'result':
        this.#end(message.result);
        break;
      default:
    }
  }

  async close(hurry: AbortSignal): Promise<void> {
    this.#stopTimer();
    this.#end(undefined);
    await Promise.race([this.#ended, sleep(LAST_EXPORT_MS, hurry)]);
    await this.#client.close();
  }

  #end(result: WatchedResult | undefined): void {
    if (this.#run === undefined) return;
    this.#ended = Promise.all([this.#ended, this.#run.end(result)]);
    this.#run = undefined;
  }
}
