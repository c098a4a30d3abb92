#!/usr/bin/env node
import { defectText, main } from './main.js';
import { wasStartedByNohup } from './util/nohup.js';

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

process.on('uncaughtException', (thrown) => {
  process.stderr.write(defectText(thrown, argv));
  process.exit(1);
});

process.exitCode = await main(argv, {
  env: process.env,
  stdout: process.stdout,
  stderr: process.stderr,
});
