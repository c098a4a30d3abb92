import { createServer, type Server } from 'node:http';
import { getRequestListener, type HttpBindings } from '@hono/node-server';
import { RESPONSE_ALREADY_SENT } from '@hono/node-server/utils/response';
import { type Context, Hono } from 'hono';
import { getCookie, setCookie } from 'hono/cookie';
import { sleep } from '../../util/timeout.js';
import { listen } from '../listen.js';
import type { Access } from './access.js';
import type { Broadcast } from './broadcast.js';
import type { WebDocument } from './document.js';

/** What the server of the live page serves. */
export interface WebContent {
  readonly access: Access;
  readonly broadcast: Broadcast;
  /** What the address shows now: the live page, and after the run its report. */
  document(): WebDocument;
  /** A person asked for the end of the run. */
  stop(): void;
}

/** A server that listens. */
export interface WebServer {
  readonly port: number;
  /** Finishes responses that have begun, then ends. @param hurry aborted when there is no time for that. */
  close(hurry: AbortSignal): Promise<void>;
}

type App = { Bindings: HttpBindings };

/** Viewers at a time. Each costs memory for what it has not read yet. */
const MAX_VIEWERS = 200;

/**
 * Serves the live page: `GET /`, the event stream `GET /events`, and `POST /stop`.
 * @param port 0: any free one. @throws UserError if the address cannot be listened on.
 */
export async function openWebServer(host: string, port: number, content: WebContent): Promise<WebServer> {
  const { access, broadcast } = content;
  const app = new Hono<App>();
  app.use(async (context, next) => {
    await next();
    for (const [name, value] of Object.entries(headers)) context.res.headers.set(name, value);
  });
  app.use(async (context, next) => {
    const credentials = credentialsOf(context);
    if (!access.isHostAllowed(credentials.host)) return context.text(foreignHostText, 403);
    if (access.mayView(credentials)) return next();
    return context.text(tokenText, 401, { 'WWW-Authenticate': 'Bearer realm="aiperf"' });
  });
  app.get('/', (context) => {
    const token = context.req.query('t') ?? context.req.query('token');
    if (token !== undefined && access.needsToken) {
      // The token leaves the address, and with it the browser's history.
      setCookie(context, cookieName(context), token, { httpOnly: true, sameSite: 'Strict', path: '/' });
      return context.redirect('/', 303);
    }
    const { html, policy } = content.document();
    return context.html(html, 200, policy === undefined ? {} : { 'Content-Security-Policy': policy });
  });
  app.get('/events', (context) => {
    if (broadcast.viewers >= MAX_VIEWERS)
      return context.text(`At most ${MAX_VIEWERS} viewers at a time.`, 503);
    const { outgoing } = context.env;
    outgoing.writeHead(200, { ...headers, 'Content-Type': 'text/event-stream', 'X-Accel-Buffering': 'no' });
    outgoing.on('close', () => broadcast.disconnect(outgoing));
    broadcast.connect(outgoing, context.req.header('Last-Event-ID'));
    return RESPONSE_ALREADY_SENT;
  });
  app.post('/stop', (context) => {
    if (!access.mayStop(credentialsOf(context))) return context.text(stopText, 403);
    content.stop();
    return context.body(null, 202);
  });
  app.notFound((context) => context.text('There is only /, /events and POST /stop here.', 404));
  const answer = getRequestListener(app.fetch, { overrideGlobalObjects: false });
  const server = createServer((request, response) => void answer(request, response));
  const listener = {
    what: 'The live page',
    ...{ portOption: '--live-port (0: any free port)', hostOption: '--live-host' },
  };
  return { port: await listen(server, host, port, listener), close: (hurry) => close(server, hurry) };
}

/** Nobody keeps what is served, and no other page shows or reads it. */
const headers = {
  'Cache-Control': 'no-store',
  'Referrer-Policy': 'no-referrer',
  'X-Content-Type-Options': 'nosniff',
  'X-Frame-Options': 'DENY',
  'Cross-Origin-Resource-Policy': 'same-origin',
};

const foreignHostText =
  'This address is not served here. Open the page at localhost or 127.0.0.1, as aiperf printed it.\n';
const tokenText =
  'The token is missing or wrong. Open the address with ?t=… that aiperf printed when it started.\n';
const stopText = 'Only the page itself or the header "Authorization: Bearer TOKEN" may stop the run.\n';

function credentialsOf(context: Context<App>) {
  const header = (name: string) => context.req.header(name);
  return {
    host: header('Host'),
    origin: header('Origin'),
    authorization: header('Authorization'),
    token: context.req.query('t') ?? context.req.query('token') ?? getCookie(context, cookieName(context)),
    stopToken: header('X-Stop-Token'),
  };
}

/** Cookies do not know ports: two runs on one machine would take each other's. */
function cookieName({ env }: Context<App>): string {
  return `aiperf_live_${env.incoming.socket.localPort}`;
}

/** A response that its viewer does not read must not keep the program. */
const CLOSE_MS = 2000;

async function close(server: Server, hurry: AbortSignal): Promise<void> {
  const closed = new Promise<void>((resolve) => server.close(() => resolve()));
  server.closeIdleConnections();
  await Promise.race([closed, sleep(CLOSE_MS, hurry)]);
  server.closeAllConnections();
}
