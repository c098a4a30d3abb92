import { expect, test } from 'vitest';
import { command, mockServerOptions } from '../../src/commands/mock-server.js';
import { load } from '../../src/config/load.js';
import { defaultSettings } from '../../src/mock-server/settings.js';
import { processIo } from '../../src/util/io.js';
import { recorder } from '../ui/terminal.js';
import { server } from './client.js';

const invocation = async (...argv: string[]) => ({
  ...(await load(mockServerOptions, argv, {})),
  recordedCommand: '',
});

test('every setting is an option, with the same default', async () => {
  const { exactTokens, ...config } = (await invocation()).config;
  expect(exactTokens).toBe(false);
  expect({ ...config, countTokens: undefined }).toEqual(defaultSettings);
});

test('serves under its options until it is interrupted', async () => {
  const io = { ...processIo, env: {}, stdout: recorder(), stderr: recorder() };
  const code = command.run(await invocation('--port', '0', '--model', 'demo', '--itl-jitter', '0.2'), io);
  await expect.poll(() => io.stdout.written.length).toBe(1);
  const url = /^listening on (http:\/\/127\.0\.0\.1:\d+)\n$/.exec(io.stdout.written[0] ?? '')?.[1];
  const models = await (await fetch(`${url}/v1/models`)).text();
  expect(models).toContain('"id":"demo"');
  process.emit('SIGTERM');
  expect(await code).toBe(0);
  expect(io.stderr.written).toEqual([]);
});

test('a port that is taken is told', async () => {
  const { port } = await server();
  const io = { ...processIo, env: {}, stdout: recorder(), stderr: recorder() };
  await expect(command.run(await invocation('--port', String(port)), io)).rejects.toThrow(
    `The simulated server cannot start on 127.0.0.1:${port}: listen EADDRINUSE`,
  );
});
