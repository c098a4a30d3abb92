import type { Command } from './commands/command.js';
import type { OptionTable } from './config/option.js';
import { secretsOfEnvironment } from './config/option-secrets.js';
import { UserError } from './util/errors.js';
import type { Io } from './util/io.js';
import { andList, orList } from './util/lists.js';
import { outOfFilesText } from './util/out-of-files.js';
import { oneLine, plainText } from './util/plain-text.js';
import { safeOutput } from './util/safe-output.js';
import { forgetSecrets, learnSecrets, withoutSecrets } from './util/secrets.js';
import { allowsColors } from './util/terminal-colors.js';
import { version } from './util/version.js';

interface Entry {
  readonly summary: string;
  /** The command's module, which is loaded when it is called. */
  readonly load: () => Promise<{ readonly command: Command<OptionTable> }>;
}

/** Every command by its name. */
export const commands: Readonly<Record<string, Entry>> = {
  profile: {
    summary: 'Benchmark an inference server: send load, measure every token.',
    load: () => import('./commands/profile.js'),
  },
  agent: {
    summary: 'Wait for runs on several machines, and send a share of the load.',
    load: () => import('./commands/agent.js'),
  },
  attach: {
    summary: 'Finish a run on several machines whose coordinator was killed.',
    load: () => import('./commands/attach.js'),
  },
  chat: {
    summary: 'Ask a model, and see TTFT, tokens per second and latency of each reply.',
    load: () => import('./commands/chat.js'),
  },
  report: {
    summary: 'Show the results of a run from its records, even if it was killed.',
    load: () => import('./commands/report.js'),
  },
  merge: {
    summary: 'Put the shards of a run on several machines together, exactly.',
    load: () => import('./commands/merge.js'),
  },
  'analyze swim-lane': {
    summary: 'Draw the sessions of a run as swim lanes.',
    load: () => import('./commands/analyze/swim-lane.js'),
  },
  'analyze turn-messages': {
    summary: 'Show the messages that a run sent, turn by turn.',
    load: () => import('./commands/analyze/turn-messages.js'),
  },
  'synthesize agentic-code': {
    summary: 'Generate a trace of sessions of a coding agent.',
    load: () => import('./commands/synthesize/agentic-code.js'),
  },
  'trace stats': {
    summary: 'Summarize a trace: lengths, arrivals, sessions, prefix-cache hit rates.',
    load: () => import('./commands/trace/stats.js'),
  },
  'trace cut': {
    summary: 'Cut a Mooncake trace, and optionally speed it up.',
    load: () => import('./commands/trace/cut.js'),
  },
  'trace filter': {
    summary: 'Keep requests or sessions of a trace by time, length, model, session or chance.',
    load: () => import('./commands/trace/filter.js'),
  },
  'trace merge': {
    summary: 'Merge traces by time.',
    load: () => import('./commands/trace/merge.js'),
  },
  'trace scale': {
    summary: 'Scale a trace to a request rate, keeping its bursts.',
    load: () => import('./commands/trace/scale.js'),
  },
  'trace fit': {
    summary: 'Fit a model of arrivals, lengths, sessions and shared prefixes to a trace.',
    load: () => import('./commands/trace/fit.js'),
  },
  'trace generate': {
    summary: 'Generate a synthetic trace of any length from a model or like a trace.',
    load: () => import('./commands/trace/generate.js'),
  },
  'trace convert': {
    summary: 'Convert a trace or dataset of any type to a Mooncake trace of lengths.',
    load: () => import('./commands/trace/convert.js'),
  },
  'trace record': {
    summary: 'Pass requests on to a server, and write a trace of them without text.',
    load: () => import('./commands/trace/record.js'),
  },
  'trace anonymize': {
    summary: 'Make a trace without text from logs of requests.',
    load: () => import('./commands/trace/anonymize.js'),
  },
  'trace check-privacy': {
    summary: 'Report what a trace still reveals, and write one that reveals less.',
    load: () => import('./commands/trace/check-privacy.js'),
  },
  'analyze-trace': {
    summary: 'Same as trace stats.',
    load: () => import('./commands/trace/stats.js'),
  },
  validate: {
    summary: 'Check every row of a dataset or trace, and summarize it.',
    load: () => import('./commands/validate.js'),
  },
  'validate mooncake-trace': {
    summary: 'Check a Mooncake trace: the same for AIPerf scripts.',
    load: () => import('./commands/validate/mooncake-trace.js'),
  },
  'kube manifest': {
    summary: 'Print the Kubernetes objects that run a profile in a cluster.',
    load: () => import('./commands/kube/manifest.js'),
  },
  'kube status': {
    summary: 'Show the Pods of a run in a cluster, a shard each.',
    load: () => import('./commands/kube/status.js'),
  },
  'kube logs': {
    summary: 'Follow the log of a run in a cluster until it ends.',
    load: () => import('./commands/kube/logs.js'),
  },
  'kube fetch': {
    summary: 'Wait for a run in a cluster, copy its files, and let its Pod end.',
    load: () => import('./commands/kube/fetch.js'),
  },
  'kube run': {
    summary: 'Run a command in a Pod and wait until its files are copied.',
    load: () => import('./commands/kube/run.js'),
  },
  plot: {
    summary: 'Plot a run, compare several runs, or plot a trace.',
    load: () => import('./commands/plot.js'),
  },
  'speed-bench-report': {
    summary: 'Tabulate acceptance length, rate or throughput over runs of SPEED-Bench categories.',
    load: () => import('./commands/speed-bench-report.js'),
  },
  doctor: {
    summary: 'Check this machine as a load client; --roof measures its limit.',
    load: () => import('./commands/doctor.js'),
  },
  'mock-server': {
    summary: 'Run a simulated inference server.',
    load: () => import('./commands/mock-server.js'),
  },
};

/**
 * Runs one command line. Nothing that it prints holds a secret, or a stack trace unless `--verbose` asks for one.
 * @returns the exit code.
 */
export async function main(argv: readonly string[], outside: Io): Promise<number> {
  const io = { ...outside, stdout: safeOutput(outside.stdout), stderr: safeOutput(outside.stderr) };
  forgetSecrets();
  learnSecrets(secretsOfEnvironment(io.env));
  try {
    return await run(argv, io);
  } catch (thrown) {
    const outOfFiles = outOfFilesText(thrown);
    if (outOfFiles !== undefined) {
      io.stderr.write(outOfFiles);
      return 1;
    }
    if (!isForeseen(thrown)) {
      io.stderr.write(defectText(thrown, argv));
      return 1;
    }
    const { errorPanel } = await import('./config/error-panel.js');
    const { hint, title } = thrown instanceof UserError ? thrown : {};
    const text = withoutSecrets(hint === undefined ? thrown.message : `${thrown.message}\n${hint}`);
    io.stderr.write(errorPanel(text, columns(io), allowsColors(io.stderr, io.env), title));
    return 1;
  }
}

/** What a user can mend: an error that names it, or the system's refusal of a file, a port or memory. */
function isForeseen(thrown: unknown): thrown is Error {
  return thrown instanceof UserError || (thrown instanceof Error && 'syscall' in thrown && 'errno' in thrown);
}

/** A defect of ours in one line; with `--verbose` as its stack. Free of secrets and of control characters. */
export function defectText(thrown: unknown, argv: readonly string[]): string {
  const isVerbose = own(argv).some((word) => verboseFlags.includes(word));
  if (isVerbose && thrown instanceof Error)
    return `${plainText(withoutSecrets(thrown.stack ?? thrown.message))}\n`;
  const what = thrown instanceof Error ? `${thrown.name}: ${thrown.message}` : String(thrown);
  return `${oneLine(withoutSecrets(`Internal error: ${what}. Add --verbose to see where it happened, and report it.`))}\n`;
}

const verboseFlags = ['--verbose', '-v', '--extra-verbose', '-vv'];

async function run(words: readonly string[], io: Io): Promise<number> {
  const [first] = words;
  if (first === '--version') {
    io.stdout.write(`${version}\n`);
    return 0;
  }
  const called = commandOf(words);
  if (called === undefined) {
    const group = Object.entries(commands).filter(([name]) => name.startsWith(`${first} `));
    const asksHelp = first === undefined || isHelp(first) || (group.length > 0 && isHelp(words[1] ?? '-h'));
    if (!asksHelp) throw await unknownCommand(words, Object.keys(commands));
    const { programHelp } = await import('./config/help.js');
    const listed = group.length > 0 ? group : Object.entries(commands);
    const summaries = listed.map(([name, { summary }]) => [name, summary]);
    io.stdout.write(programHelp(Object.fromEntries(summaries), columns(io)));
    return 0;
  }
  const { name, argv, entry } = called;

  const { command } = await entry.load();
  if (own(argv).some(isHelp)) {
    const { commandHelp } = await import('./config/help.js');
    io.stdout.write(commandHelp(name, entry.summary, command.options, columns(io)));
    return 0;
  }
  const { load } = await import('./config/load.js');
  const { recordedCommand, secretsOfCommandLine } = await import('./config/recorded-command.js');
  learnSecrets(secretsOfCommandLine(argv, command.options));
  const loaded = await load(
    command.options,
    withoutVerbose(argv, command.options),
    io.env,
    command.check?.bind(command),
    command.refuse,
  );
  return command.run({ ...loaded, recordedCommand: recordedCommand(name, argv, command.options) }, io);
}

/** Every command takes `--verbose`; to those without an option of that name it only says how errors are shown. */
function withoutVerbose(argv: readonly string[], options: OptionTable): readonly string[] {
  if (Object.values(options).some(({ flags }) => flags?.includes('--verbose'))) return argv;
  const words = own(argv);
  return [...words.filter((word) => word !== '--verbose'), ...argv.slice(words.length)];
}

/** The command that the first one or two words name, and the words behind them. */
function commandOf(words: readonly string[]) {
  for (const length of [2, 1]) {
    const name = words.slice(0, length).join(' ');
    const entry = Object.hasOwn(commands, name) ? commands[name] : undefined;
    if (entry !== undefined) return { name, entry, argv: words.slice(length) };
  }
  return undefined;
}

/** The words that are the command's own: behind `--` stand those that it hands on. */
function own(argv: readonly string[]): readonly string[] {
  const end = argv.indexOf('--');
  return end === -1 ? argv : argv.slice(0, end);
}

async function unknownCommand(
  [first = '', second]: readonly string[],
  known: readonly string[],
): Promise<UserError> {
  const { nearest } = await import('./config/words.js');
  const what = first.startsWith('-') ? 'option' : 'command';
  const group = known
    .filter((name) => name.startsWith(`${first} `))
    .map((name) => name.slice(first.length + 1));
  if (group.length > 0 && second !== undefined) {
    const guess = nearest(second, group);
    const meant = guess === undefined ? '' : ` Did you mean ${first} ${guess}?`;
    return new UserError(`aiperf ${first} must be followed by ${orList(group)}, got '${second}'.${meant}`);
  }
  const guess = nearest(first, known);
  const hint = guess === undefined ? ` The commands are ${andList(known)}.` : ` Did you mean ${guess}?`;
  return new UserError(`Unknown ${what}: ${first}.${hint}`);
}

function isHelp(word: string): boolean {
  return word === '--help' || word === '-h';
}

/** The terminal's columns, else those of the variable COLUMNS, else 100. */
function columns({ env, stderr }: Io): number {
  const own =
    'columns' in stderr && typeof stderr.columns === 'number' ? stderr.columns : Number(env.COLUMNS);
  return Number.isSafeInteger(own) && own >= 40 ? own : 100;
}
