import { sleep } from '../../util/timeout.js';
import { httpUrl } from '../listen.js';
import type { ApiPlan, PagePlan } from '../plan.js';
import type { View, ViewContext } from '../view.js';
import { router } from './router.js';
import { apiRoutes } from './routes.js';
import { serve } from './server.js';
import { ServerMetrics } from './server-metrics.js';
import { SocketClients } from './socket-clients.js';
import { messagesNow, messageText } from './socket-messages.js';
import { ApiState } from './state.js';

/** How long the API stays after the run, so that programs can fetch the results. */
const LINGER_MS = 5000;
/** Between messages of the websocket. */
const MESSAGES_MS = 1000;

/**
 * Opens AIPerf's API: its routes, its websocket and the Prometheus page.
 * @param livePage where the pages of AIPerf's API lead. @throws UserError where it cannot listen.
 */
export async function openApi(
  { host, port }: ApiPlan,
  livePage: PagePlan | undefined,
  { io }: Pick<ViewContext, 'io'>,
): Promise<View> {
  const state = new ApiState();
  const clients = new SocketClients();
  const shutDown = new AbortController();
  const serverMetrics = new ServerMetrics(io.nowMs);
  const routes = apiRoutes({
    ...{ state, serverMetrics, liveUrl: livePage && urlOf(livePage), shutDown: () => shutDown.abort() },
  });
  const server = await serve({ host, port }, router(routes, state), clients);
  let sentMs = Number.NEGATIVE_INFINITY;
  return {
    addresses: [{ what: 'API', url: server.url }],
    onMessage: (message) => {
      state.onMessage(message);
      if (message.kind === 'snapshot' && io.nowMs() - sentMs >= MESSAGES_MS) {
        sentMs = io.nowMs();
        for (const [type, text] of messagesNow(state)) clients.send(type, text);
      }
      if (message.kind === 'result') {
        const { wasCancelled: was_cancelled } = message.result;
        const members = { service_id: 'system_controller', was_cancelled };
        clients.send('benchmark_complete', () => messageText('benchmark_complete', members));
      }
    },
    close: async (hurry, lingers) => {
      if (lingers) await sleep(LINGER_MS, AbortSignal.any([hurry, shutDown.signal]));
      server.close();
    },
  };
}

/** Undefined where it is not known: on all addresses of the machine, or at any free port. */
function urlOf({ host, port }: PagePlan): string | undefined {
  return host === '0.0.0.0' || host === '::' || port === 0 ? undefined : httpUrl(host, port);
}
