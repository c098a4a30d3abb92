#!/usr/bin/env node
import { processIo } from './util/io.js';
import { wasStartedByNohup } from './util/nohup.js';
import { outOfFilesText } from './util/out-of-files.js';

if (wasStartedByNohup(process.env)) process.on('SIGHUP', () => {});

// A reader that closes the pipe early (`aiperf profile 2>&1 | head`) has what it wants, and a terminal may be closed:
// the run goes on.
for (const stream of [process.stdout, process.stderr]) {
  stream.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code === 'EPIPE' || error.code === 'EIO') return;
    if (stream === process.stdout) process.stderr.write(`stdout cannot be written: ${error.message}\n`);
    process.exit(1);
  });
}

const argv = process.argv.slice(2);

// Not a static import: loading the program is the first thing that needs more than a few file descriptors.
try {
  const { defectText, main } = await import('./main.js');
  process.on('uncaughtException', (thrown) => {
    const text = outOfFilesText(thrown) ?? defectText(thrown, argv);
    // After what else happens at the exit: a full screen is left, and would take the text with it.
    process.once('exit', () => process.stderr.write(text));
    process.exit(1);
  });
  process.exitCode = await main(argv, processIo);
} catch (thrown) {
  const text = outOfFilesText(thrown);
  if (text === undefined) throw thrown;
  process.stderr.write(text);
  process.exitCode = 1;
}
