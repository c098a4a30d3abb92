import type { ConfigOf } from '../../config/option.js';
import type { Conversation, Turn } from '../../dataset/conversation.js';
import { Answer } from '../../endpoint/answer.js';
import { chat } from '../../endpoint/chat.js';
import type { PastTurn } from '../../endpoint/endpoint.js';
import { controlHeaders } from '../../endpoint/headers.js';
import { makePayload } from '../../endpoint/payload.js';
import { requestTarget } from '../../endpoint/url.js';
import { isSuccess, ResponseBody } from '../../load/response-body.js';
import { statusError } from '../../load/response-errors.js';
import { openTransport } from '../../transport/open.js';
import type { HttpRequest, ResponseHead, Transport } from '../../transport/transport.js';
import { monotonicNs } from '../../util/clock.js';
import { messageOf, UserError } from '../../util/errors.js';
import { excerpt } from '../../util/excerpt.js';
import type { Io } from '../../util/io.js';
import { oneLine } from '../../util/plain-text.js';
import type { chatOptions } from '../chat.js';
import { tlsOptionsOf, transportOptionsOf } from '../profile/connections.js';

/** A reply with its times. */
export interface Asked {
  readonly answer: Answer;
  /** ns, as of `answer.contentNs`. */
  readonly startNs: number;
}

/** Takes each piece of a reply as it arrives. */
export interface Listener {
  onReasoning(piece: string): void;
  /** Text, and tool calls. */
  onText(piece: string): void;
}

/** The user stopped the reply. */
export class ReplyStopped extends Error {
  override readonly name = 'ReplyStopped';
}

/** A conversation with one model. */
export interface ChatConversation {
  /**
   * @param signal stops the reply, which the conversation forgets.
   * @throws UserError if the request fails, ReplyStopped if it is stopped
   */
  ask(message: string, listener: Listener, signal?: AbortSignal): Promise<Asked>;
  close(): void;
}

/** @throws UserError for a proxy or certificate that cannot be used */
export async function openConversation(
  config: ConfigOf<typeof chatOptions>,
  env: Io['env'],
): Promise<ChatConversation> {
  const tls = await tlsOptionsOf(config);
  const options = transportOptionsOf(config, env, tls, 1);
  const transport = await openTransport(config.transport, { ...options, nowNs: monotonicNs });
  const [url = ''] = config.urls;
  const target = requestTarget(url, config.customEndpoint ?? chat.path);
  const past: PastTurn[] = [];
  const ask = async (message: string, listener: Listener, signal?: AbortSignal) => {
    const turn: Turn = { role: 'user', texts: [{ name: 'text', contents: [message] }], model: config.model };
    const conversation: Conversation = {
      sessionId: 'session_000000',
      turns: [turn],
      history: 'live-answers',
      ...(config.systemPrompt === undefined ? {} : { systemMessage: config.systemPrompt }),
    };
    const { extraInputs, requestTimeoutSeconds, headers, apiKey, httpMaxMessageBytes } = config;
    const body = { streaming: true, extraInputs, legacyMaxTokens: false };
    const { data, contentType } = makePayload(chat, { conversation, turn, past }, body);
    const request: HttpRequest = {
      ...{ method: 'POST', origin: target, path: target.path, body: data },
      headers: controlHeaders({ extra: headers, apiKey }, contentType),
      timeoutMs: requestTimeoutSeconds * 1000,
    };
    const asked = await exchange(transport, request, {
      maxMessageBytes: httpMaxMessageBytes,
      listener,
      signal,
    });
    const { message: reply } = asked.answer;
    if (config.history && reply !== undefined) past.push({ turn, answer: reply });
    return asked;
  };
  return { ask, close: () => transport.close() };
}

/** Sends the request and reads its answer as a run does. @throws UserError if it fails, ReplyStopped if it is stopped */
async function exchange(
  transport: Transport,
  request: HttpRequest,
  reading: { maxMessageBytes: number; listener: Listener; signal: AbortSignal | undefined },
): Promise<Asked> {
  const { maxMessageBytes, listener, signal } = reading;
  const answer = new Answer({ endpoint: chat, streamEnd: 'marked', keepUnits: false });
  const show = newPieces(answer, listener);
  const startNs = monotonicNs();
  await new Promise<void>((resolve, reject) => {
    let head: ResponseHead | undefined;
    let body: ResponseBody | undefined;
    const sent = transport.send(request, {
      onSent: () => {},
      onHead: (arrived) => {
        head = arrived;
        body = new ResponseBody(arrived, answer, maxMessageBytes);
      },
      onBody: (bytes, start, end, atNs) => {
        body?.feed(bytes, start, end, atNs);
        show();
      },
      onEnd: (atNs) => {
        try {
          const text = body?.end(atNs) ?? '';
          show();
          const isRefused = head !== undefined && !isSuccess(head);
          const error = isRefused && head !== undefined ? statusError(head, text) : answer.error;
          if (error === undefined) resolve();
          else
            reject(
              failed(`${error.code === undefined ? '' : `${error.code} `}${error.type}: ${error.message}`),
            );
        } catch (thrown) {
          reject(failed(messageOf(thrown)));
        }
      },
      onError: ({ type, message }) => reject(failed(`${type}: ${message}`)),
    });
    signal?.addEventListener('abort', () => {
      sent.destroy();
      reject(new ReplyStopped());
    });
  });
  return { answer, startNs };
}

/** @param why may be a whole page that the server sent. */
function failed(why: string): UserError {
  return new UserError(excerpt(oneLine(why)), 'Check --url, --model and --api-key.');
}

/** Passes on what the answer holds more than at the call before. */
function newPieces(answer: Answer, { onReasoning, onText }: Listener): () => void {
  const shown = { reasoning: 0, output: 0 };
  return () => {
    const { reasoning = '', output = '' } = answer;
    if (reasoning.length > shown.reasoning) onReasoning(reasoning.slice(shown.reasoning));
    if (output.length > shown.output) onText(output.slice(shown.output));
    shown.reasoning = reasoning.length;
    shown.output = output.length;
  };
}
