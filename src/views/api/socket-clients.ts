import { type WebSocket, WebSocketServer } from 'ws';
import { isObject, jsonIn } from '../../util/json.js';

/** As many as AIPerf takes. */
const MAX_CLIENTS = 100;
/** Types that a client subscribed to; more are not kept. */
const MAX_TYPES = 100;
/** A client that has this much unread misses messages until it reads again. */
const MAX_UNREAD_BYTES = 1 << 20;
/** Of a request of a client, which is a list of message types. */
const MAX_REQUEST_BYTES = 1 << 16;

/** A close code of the protocol. */
const TRY_AGAIN_LATER = 1013;

/** The clients of the websocket, each with the message types that it subscribed to. */
export class SocketClients {
  readonly server = new WebSocketServer({ noServer: true, maxPayload: MAX_REQUEST_BYTES });
  readonly #types = new Map<WebSocket, Set<string>>();

  constructor() {
    this.server.on('connection', (socket) => this.#welcome(socket));
  }

  /** Sends a message to the clients that want it. @param make its text, called if there is one; undefined: no message. */
  send(type: string, make: () => string | undefined): void {
    const wanting = [...this.#types].filter(([, types]) => types.has('*') || types.has(type));
    const text = wanting.length === 0 ? undefined : make();
    if (text === undefined) return;
    for (const [socket] of wanting) if (socket.bufferedAmount < MAX_UNREAD_BYTES) socket.send(text);
  }

  close(): void {
    for (const socket of this.#types.keys()) socket.close();
    this.server.close();
  }

  #welcome(socket: WebSocket): void {
    // The library closes clients that break the protocol.
    socket.on('error', () => {});
    if (this.#types.size >= MAX_CLIENTS) {
      socket.close(TRY_AGAIN_LATER, `at most ${MAX_CLIENTS} clients are served`);
      return;
    }
    const types = new Set<string>();
    this.#types.set(socket, types);
    socket.on('close', () => this.#types.delete(socket));
    socket.on('message', (data) => {
      const answer = answerTo(String(data), types);
      if (answer !== undefined) socket.send(JSON.stringify(answer));
    });
  }
}

/** Applies a request to the types of a client. @returns the answer; undefined: none. */
function answerTo(text: string, types: Set<string>): object | undefined {
  const request = jsonIn(text);
  if (!isObject(request)) return { type: 'error', message: 'A request must be a JSON object.' };
  const { type, message_types: names = [] } = request;
  if (type === 'ping') return { type: 'pong' };
  if (type !== 'subscribe' && type !== 'unsubscribe') return undefined;
  if (!Array.isArray(names) || !names.every((name) => typeof name === 'string')) {
    return { type: 'error', message: 'message_types must be a list of strings.' };
  }
  for (const name of names) {
    if (type === 'unsubscribe') types.delete(name);
    else if (types.size < MAX_TYPES) types.add(name);
  }
  return { type: `${type}d`, message_types: names };
}
