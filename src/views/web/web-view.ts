import { readFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { metricRows } from '../../report/metrics-table.js';
import { every, sleep } from '../../util/timeout.js';
import { httpUrl } from '../listen.js';
import type { ViewMessage } from '../messages.js';
import type { PagePlan } from '../plan.js';
import type { View, ViewContext } from '../view.js';
import { Access } from './access.js';
import { Broadcast } from './broadcast.js';
import { liveDocument, type WebDocument } from './document.js';
import { applyEvent, emptyState, type LiveEvent, type LiveState } from './live-state.js';
import { openWebServer } from './server.js';

const BEAT_MS = 10_000;
/** How long viewers get to load the report beyond the time that the page stays. */
const REPORT_MS = 5000;

/** Opens the live web page. @throws UserError if its address cannot be listened on. */
export async function openWebView(
  { host, port, token, lingerSeconds }: PagePlan,
  { reply }: Pick<ViewContext, 'reply'>,
): Promise<View> {
  const state = emptyState();
  const broadcast = new Broadcast(() => state);
  const access = new Access(host, token);
  let document: WebDocument = liveDocument(access.stopToken);
  /** Viewers that were connected when the report was made, and have not loaded it yet. */
  let toLoad = 0;
  let onAllLoaded = () => {};
  const publish = (event: LiveEvent) => {
    applyEvent(state, event);
    broadcast.publish(event.name, event.data);
  };
  const server = await openWebServer(host, port, {
    ...{ access, broadcast },
    document: () => {
      if (state.hasReport && --toLoad <= 0) onAllLoaded();
      return document;
    },
    stop: () => {
      if (!state.isStopping) publish({ name: 'stopping', data: null });
      reply({ kind: 'stop' });
    },
  });
  const stopBeat = every(BEAT_MS, () => broadcast.beat());
  const newToken = access.needsToken && token === undefined ? access.token : undefined;
  return {
    addresses: [
      { what: 'live page', url: httpUrl(isAny(host) ? hostname() : host, server.port), token: newToken },
    ],
    onMessage: (message) => {
      // The address with its token is in the log for who started the run, not for viewers.
      const event = newToken !== undefined && isAbout(message, newToken) ? undefined : eventOf(message);
      if (event !== undefined) publish(event);
      const page = pageOf(message, state);
      if (page === undefined) return;
      document = { html: readFileSync(page, 'utf8'), policy: undefined };
      toLoad = broadcast.viewers;
      publish({ name: 'report', data: null });
    },
    close: async (hurry, lingers) => {
      publish({ name: 'end', data: null });
      if (lingers) await sleep(lingerSeconds * 1000, hurry);
      if (toLoad > 0) {
        const allLoaded = new Promise<void>((resolve) => {
          onAllLoaded = resolve;
        });
        await Promise.race([allLoaded, sleep(REPORT_MS, hurry)]);
      }
      stopBeat();
      broadcast.close();
      await server.close(hurry);
    },
  };
}

function isAbout(message: ViewMessage, token: string): boolean {
  return message.kind === 'log' && message.entry.message.includes(token);
}

/** What viewers learn of a message; undefined: nothing. */
function eventOf(message: ViewMessage): LiveEvent | undefined {
  switch (message.kind) {
    case 'run': {
      const { config: _, ...data } = message.run;
      return { name: 'run', data };
    }
    case 'snapshot': {
      const metrics = metricRows(message.snapshot.metrics, 'main').map(({ result, metric }) => ({
        ...result,
        label: metric.label,
      }));
      return { name: 'snapshot', data: { ...message.snapshot, metrics } };
    }
    case 'log':
      return { name: 'log', data: message.entry };
    case 'series':
      return { name: 'series', data: message.series };
    case 'result': {
      const { requests, wasCancelled, failure, exitCode } = message.result;
      return { name: 'result', data: { requests, wasCancelled, failure, exitCode } };
    }
    default:
      return undefined;
  }
}

/** The report that takes the place of the live page: that of a run on its own, or of a whole series. */
function pageOf(message: ViewMessage, { run }: LiveState): string | undefined {
  if (message.kind === 'page') return message.path;
  return message.kind === 'result' && run?.place === undefined ? message.result.page : undefined;
}

/** Whether it listens on all addresses of this machine. */
function isAny(host: string): boolean {
  return host === '0.0.0.0' || host === '::';
}
