import { exitCodes } from '../config/exit-codes.js';
import type { OptionTable } from '../config/option.js';
import { flag, headerValue, text } from '../config/option-kinds.js';
import { profileOptions } from '../config/options.js';
import { openTokenizer } from '../dataset/tokenizer/open.js';
import { resolveTokenizer } from '../dataset/tokenizer/resolve.js';
import type { Io } from '../util/io.js';
import { openLog } from '../util/log.js';
import { openConversation } from './chat/conversation.js';
import { figuresOf } from './chat/figures.js';
import { isTerminal, openWriter, type Reply, replyToLines, replyToPerson } from './chat/terminal.js';
import type { Command, Invocation } from './command.js';
import { refuseCredentials, refuseFramingHeaders } from './profile/connections.js';

const { urls, customEndpoint, headers, extraInputs, tokenizerRevision } = profileOptions;
const { requestTimeoutSeconds, connectTimeoutSeconds, transport, http2, unixSocket } = profileOptions;
const { tlsCaFile, tlsCertFile, tlsKeyFile, tlsInsecure, connectionReuseStrategy } = profileOptions;
const { httpKeepaliveTimeoutSeconds, httpIpVersion, httpSslVerify, httpTrustEnv } = profileOptions;
const { httpMaxHeaderBytes, httpMaxMessageBytes, httpMaxBodyBytes } = profileOptions;

/** Options of `aiperf chat`: those of `profile` that say where and how to send, and a few of its own. */
export const chatOptions = {
  model: text({
    flags: ['--model', '-m'],
    group: 'Chat',
    metavar: '<name>',
    required: true,
    missing: 'name the model to ask, e.g. --model Qwen/Qwen3-0.6B',
    help: 'Model to ask.',
  }),
  quick: text({
    flags: ['--quick', '-q'],
    group: 'Chat',
    help: 'Send this text, print the reply and end. Without it every line of stdin is a message; /exit ends.',
  }),
  systemPrompt: text({
    flags: ['--system-prompt'],
    group: 'Chat',
    help: 'System text of the conversation.',
  }),
  history: flag({
    flags: ['--history'],
    off: ['--no-history'],
    group: 'Chat',
    default: true,
    help: 'Send earlier messages and replies with each message.',
  }),
  apiKey: headerValue({
    flags: ['--api-key'],
    env: 'OPENAI_API_KEY',
    group: 'Endpoint',
    secret: true,
    help: 'Sent as "Authorization: Bearer …"; masked everywhere.',
  }),
  tokenizer: text({
    flags: ['--tokenizer'],
    group: 'Endpoint',
    metavar: '<name>',
    defaultText: "the server's counts, or builtin where it sends none",
    help: 'Count tokens of replies with this tokenizer: Hugging Face ID, local folder, or builtin.',
  }),
  ...{ urls, customEndpoint, headers, extraInputs, tokenizerRevision },
  ...{ requestTimeoutSeconds, connectTimeoutSeconds, transport, http2, unixSocket },
  ...{ tlsCaFile, tlsCertFile, tlsKeyFile, tlsInsecure, connectionReuseStrategy },
  ...{ httpKeepaliveTimeoutSeconds, httpIpVersion, httpSslVerify, httpTrustEnv },
  ...{ httpMaxHeaderBytes, httpMaxMessageBytes, httpMaxBodyBytes },
} satisfies OptionTable;

/** `aiperf chat`: asks a model and shows TTFT, tokens per second and latency of each reply. */
export const command: Command<typeof chatOptions> = { options: chatOptions, run };

async function run({ config }: Invocation<typeof chatOptions>, io: Io): Promise<number> {
  refuseCredentials(config.urls);
  refuseFramingHeaders(config.headers);
  const { log } = openLog({ level: 'WARNING', show: (line) => io.stderr.write(`${line}\n`) });
  const { env } = io;
  const name = config.tokenizer ?? 'builtin';
  const source = await resolveTokenizer({ name, revision: config.tokenizerRevision, env, log });
  let tokenizer: ReturnType<typeof openTokenizer> | undefined;
  const count = (said: string) => {
    tokenizer ??= openTokenizer(source);
    return tokenizer.count(said);
  };
  const conversation = await openConversation(config, env);
  try {
    const input = config.quick === undefined ? io.stdin() : undefined;
    const isPerson = input === undefined ? isTerminal(io.stdout) : isTerminal(input, io.stdout);
    const reply: Reply = async (message, signal) => {
      const writer = openWriter(io.stdout, isPerson);
      const asked = await conversation.ask(message, writer.listener, signal).finally(writer.end);
      io.stdout.write(`${figuresOf(asked, config.tokenizer === undefined, count)}\n`);
    };
    if (config.quick !== undefined) await reply(config.quick);
    if (input === undefined) return exitCodes.success;
    if (isPerson) {
      await replyToPerson(input, io.stdout, io.stderr, reply);
      return exitCodes.success;
    }
    return (await replyToLines(input, io.stderr, reply)) ? exitCodes.success : exitCodes.failure;
  } finally {
    conversation.close();
  }
}
