import type { Command, Io } from './commands/command.js';
import type { OptionTable } from './config/option.js';
import { UserError } from './util/errors.js';
import { version } from './util/version.js';

/** Every command: a sentence for the list, and the module that is loaded when it is called. */
export const commands: Readonly<
  Record<string, { readonly summary: string; readonly load: () => Promise<Command<OptionTable>> }>
> = {
  profile: {
    summary: 'Send load to a server and measure every token that comes back.',
    load: async () => (await import('./commands/profile.js')).command,
  },
  report: {
    summary: 'Show the results of a run from the records it left, also of one that was killed.',
    load: async () => (await import('./commands/report.js')).command,
  },
  'mock-server': {
    summary: 'Run a simulated inference server to try things on.',
    load: async () => (await import('./commands/mock-server.js')).command,
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

async function run([name, ...argv]: readonly string[], io: Io): Promise<number> {
  if (name === '--version') {
    io.stdout.write(`${version}\n`);
    return 0;
  }
  if (name === undefined || name === '--help' || name === '-h') {
    const { programHelp } = await import('./config/help.js');
    const summaries = Object.entries(commands).map(([command, { summary }]) => [command, summary]);
    io.stdout.write(programHelp(Object.fromEntries(summaries), columns(io)));
    return 0;
  }
  const entry = Object.hasOwn(commands, name) ? commands[name] : undefined;
  if (entry === undefined) throw await unknownCommand(name);

  const command = await entry.load();
  if (argv.includes('--help') || argv.includes('-h')) {
    const { commandHelp } = await import('./config/help.js');
    io.stdout.write(commandHelp(name, entry.summary, command.options, columns(io)));
    return 0;
  }
  const { load } = await import('./config/load.js');
  const { recordedCommand } = await import('./config/recorded-command.js');
  const loaded = await load(command.options, argv, io.env, command.check?.bind(command));
  return command.run({ ...loaded, recordedCommand: recordedCommand(name, argv, command.options) }, io);
}

async function unknownCommand(name: string): Promise<UserError> {
  const { andList, nearest } = await import('./config/words.js');
  const guess = nearest(name, Object.keys(commands));
  const known = `The commands are ${andList(Object.keys(commands))}.`;
  const what = name.startsWith('-') ? 'option' : 'command';
  return new UserError(
    `Unknown ${what}: ${name}.${guess === undefined ? ` ${known}` : ` Did you mean ${guess}?`}`,
  );
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
