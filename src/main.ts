import type { Command, Io } from './commands/command.js';
import type { OptionTable } from './config/option.js';
import { UserError } from './util/errors.js';
import { version } from './util/version.js';

interface Entry {
  readonly summary: string;
  /** The command's module, which is loaded when it is called. */
  readonly load: () => Promise<{ readonly command: Command<OptionTable> }>;
}

/** Every command by its name. */
export const commands: Readonly<Record<string, Entry>> = {
  profile: {
    summary: 'Send load to a server and measure every token that comes back.',
    load: () => import('./commands/profile.js'),
  },
  report: {
    summary: 'Show the results of a run from the records it left, also of one that was killed.',
    load: () => import('./commands/report.js'),
  },
  'trace stats': {
    summary: 'Show what is in a Mooncake trace: lengths, arrivals, shared prefixes.',
    load: () => import('./commands/trace/stats.js'),
  },
  'trace cut': {
    summary: 'Write part of a Mooncake trace, faster if asked for.',
    load: () => import('./commands/trace/cut.js'),
  },
  'trace convert': {
    summary: 'Write a trace of Azure, BurstGPT or Bailian as a Mooncake trace.',
    load: () => import('./commands/trace/convert.js'),
  },
  'analyze-trace': {
    summary: 'The same as trace stats.',
    load: () => import('./commands/trace/stats.js'),
  },
  'kube manifest': {
    summary: 'Print the Kubernetes objects that run a profile in a cluster.',
    load: () => import('./commands/kube/manifest.js'),
  },
  'kube run': {
    summary: 'Run a command in a Pod, and wait until its files are copied.',
    load: () => import('./commands/kube/run.js'),
  },
  plot: {
    summary: 'Draw a run, several runs against each other, or the lengths of a trace.',
    load: () => import('./commands/plot.js'),
  },
  'mock-server': {
    summary: 'Run a simulated inference server to try things on.',
    load: () => import('./commands/mock-server.js'),
  },
};

/** Runs one command line. @returns the exit code; a defect of ours is thrown on, with its stack. */
export async function main(argv: readonly string[], io: Io): Promise<number> {
  try {
    return await run(argv, io);
  } catch (thrown) {
    if (!(thrown instanceof UserError)) throw thrown;
    const { errorPanel } = await import('./config/error-panel.js');
    const text = thrown.hint === undefined ? thrown.message : `${thrown.message}\n${thrown.hint}`;
    io.stderr.write(errorPanel(text, columns(io), isTerminal(io) && io.env.NO_COLOR === undefined));
    return 1;
  }
}

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
  const { recordedCommand } = await import('./config/recorded-command.js');
  const loaded = await load(command.options, argv, io.env, command.check?.bind(command), command.refuse);
  return command.run({ ...loaded, recordedCommand: recordedCommand(name, argv, command.options) }, io);
}

/** The command that the first one or two words name, and the words behind them. */
function commandOf(words: readonly string[]) {
  for (const length of [1, 2]) {
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
  const { andList, nearest, orList } = await import('./config/words.js');
  const what = first.startsWith('-') ? 'option' : 'command';
  const group = known
    .filter((name) => name.startsWith(`${first} `))
    .map((name) => name.slice(first.length + 1));
  if (group.length > 0 && second !== undefined) {
    const guess = nearest(second, group);
    const meant = guess === undefined ? '' : ` Did you mean ${first} ${guess}?`;
    return new UserError(`aiperf ${first} needs ${orList(group)} behind it, got '${second}'.${meant}`);
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

function isTerminal({ stderr }: Io): boolean {
  return 'isTTY' in stderr && stderr.isTTY === true;
}
