import { once } from 'node:events';
import { mkdtempSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { checkDatasetType } from '../../src/config/conflicts.js';
import { profile, refusals } from './profile-options.js';

const folder = mkdtempSync(join(tmpdir(), 'aiperf-conflicts-'));
const file = join(folder, 'rows.jsonl');
writeFileSync(file, '{"text":"a"}\n');
const socket = join(folder, 'server.sock');
const server = createServer();
beforeAll(async () => {
  server.listen(socket);
  await once(server, 'listening');
});
afterAll(() => server.close());

describe('paths', () => {
  it.each([
    [`--config ${folder}`, `--config must be the path of an existing file, got '${folder}'.`],
    [`--unix-socket ${file}`, `--unix-socket must be the path of an existing socket, got '${file}'.`],
    [
      `--input-file ${file}/x`,
      `--input-file must be the path of an existing file or directory, got '${file}/x'.`,
    ],
  ])('%s', async (line, sentence) => {
    expect(await refusals(`-ma ${line}`)).toEqual([sentence]);
  });
});

describe('conflicts', () => {
  it.each([
    [
      '--max-workers 4 --load-threads 2',
      '--load-threads cannot be combined with --workers-max: one is a maximum, the other an exact number.',
    ],
    [
      '--custom-dataset-type single_turn',
      '--custom-dataset-type needs --input-file: it sets how that file is read.',
    ],
    [
      `--input-file ${file} --isl 5`,
      '--isl cannot be combined with --input-file: it only applies to synthetic prompts.',
    ],
    [
      `--input-file ${file} --synthetic-input-tokens-stddev 5 --session-turns-mean 2 --conversation-turn-delay-ratio 1`,
      '--synthetic-input-tokens-stddev, --session-turns-mean and --conversation-turn-delay-ratio cannot be combined with --input-file: it only applies to synthetic prompts.',
    ],
    [
      '--isl 0',
      '--isl must be an integer of at least 1 without --input-file or --public-dataset, got 0: synthetic requests need text, images, audio or video.',
    ],
    [
      '--isl 0 --isl-as-token-ids --endpoint-type completions --image-batch-size 1',
      '--isl-as-token-ids needs --isl of at least 1, got 0.',
    ],
    [
      `--input-file ${file} --custom-dataset-type single_turn --isl-as-token-ids --endpoint-type completions`,
      '--isl-as-token-ids needs synthetic prompts or a trace with hash ids, such as mooncake_trace, got single_turn, whose texts are sent as they are.',
    ],
    [
      '--per-chunk-usage --streaming',
      '--per-chunk-usage needs --use-server-token-count: the tokens of the first chunk are those that the server reports.',
    ],
    [
      '--per-chunk-usage --use-server-token-count',
      '--per-chunk-usage needs --streaming: a whole response has no chunks.',
    ],
    ['--osl-stddev 5', '--osl-stddev needs --osl, its mean.'],
    [
      '--image-width-stddev 5 --image-batch-size 2',
      '--image-width-stddev needs its mean, --image-width-mean.',
    ],
    [
      '--audio-length-stddev 1 --audio-batch-size 2',
      '--audio-length-stddev needs its mean, --audio-length-mean.',
    ],
    [
      '--image-batch-size 1 --image-source-sampling shuffle-cycle',
      '--image-source-sampling shuffle-cycle needs --image-source with pictures: noise has none to choose from.',
    ],
    ['--video-width 64', '--video-width needs --video-height: a video has both.'],
    ['--audio-length-mean 0.001', '--audio-length-mean must be 0 or at least 0.01 seconds, got 0.001.'],
    [
      '--audio-length-mean 1 --audio-depths 16,12',
      '--audio-depths must be 8, 16, 24 or 32 bits, got 16, 12.',
    ],
    [
      '--audio-length-mean 1 --audio-format mp3 --audio-sample-rates 16,96,9000',
      '--audio-sample-rates must be 8, 11.025, 12, 16, 22.05, 24, 32, 44.1 or 48 kHz for mp3, got 96 or 9.',
    ],
    [
      `--input-file ${file} --custom-dataset-type multi_turn --image-batch-size 2`,
      '--image-batch-size cannot be combined with --input-file: media of multi_turn files are sent as they are.',
    ],
    [
      '--batch-size 0',
      '--batch-size must be at least 1 without --input-file or --public-dataset, got 0; --isl 0 leaves texts out.',
    ],
    ['--uuid-and-strip', '--uuid-and-strip needs a single_turn file, got synthetic prompts.'],
    [
      `--input-file ${file} --custom-dataset-type multi_turn --uuid-and-strip`,
      '--uuid-and-strip needs a single_turn file, got multi_turn.',
    ],
    [
      `--input-file ${file} --custom-dataset-type multi_turn --isl-block-size 16`,
      '--isl-block-size needs a trace with hash ids, such as mooncake_trace, got multi_turn.',
    ],
    [
      `--input-file ${file} --custom-dataset-type mooncake_trace --replay-speedup 2`,
      '--replay-speedup needs a dag_jsonl, otel_spans, weka_trace, tracelab or baseten_trace file, got mooncake_trace; use --synthesis-speedup-ratio.',
    ],
    [
      `--input-file ${file} --custom-dataset-type dag_jsonl --max-idle-gap-cap-seconds 2 --trace-idle-gap-cap-seconds 1`,
      '--trace-idle-gap-cap-seconds and --max-idle-gap-cap-seconds need a file that records when calls were in flight (otel_spans, weka_trace or tracelab), got dag_jsonl.',
    ],
    [
      '--inter-turn-delay-cap-seconds 2',
      '--inter-turn-delay-cap-seconds needs a file with delays, got synthetic prompts.',
    ],
    [
      `--input-file ${file} --custom-dataset-type otel_spans --synthesis-speedup-ratio 2`,
      '--synthesis-speedup-ratio needs a trace, such as mooncake_trace, got otel_spans.',
    ],
    ['--http2', '--http2 needs --transport undici: the http transport does not support it.'],
    [
      `--http2 --unix-socket ${socket} --transport http`,
      '--http2 and --unix-socket need --transport undici: the http transport does not support it.',
    ],
    [`--tls-cert-file ${file}`, '--tls-cert-file needs --tls-key-file, the key of that certificate.'],
    [`--tls-key-file ${file}`, '--tls-key-file needs --tls-cert-file, the certificate of that key.'],
    [
      '--profile-export-file _raw.jsonl',
      "--profile-export-file must be the beginning of file names, at most 200 bytes, without a path and without a leading dot, and not that of another file of the run, got '_raw.jsonl'.",
    ],
  ])('%s', async (line, sentence) => {
    expect(await refusals(`-ma ${line}`)).toEqual([sentence]);
  });

  it('a proxy without undici', async () => {
    expect(await refusals('-ma', { AIPERF_HTTP_TRUST_ENV: 'true' })).toEqual([
      'AIPERF_HTTP_TRUST_ENV needs --transport undici: the http transport does not support it.',
    ]);
    expect((await profile('-ma', { AIPERF_HTTP_TRUST_ENV: 'false' })).config.httpTrustEnv).toBe(false);
    expect(
      (await profile('-ma --transport undici --http2', { AIPERF_HTTP_TRUST_ENV: '1' })).warnings,
    ).toEqual([]);
  });

  it('all together, beside options that are wrong in themselves', async () => {
    expect(
      await refusals('--custom-dataset-type random_pool --osl-stddev 3 --concurrency 0 --http2 --nosuch'),
    ).toEqual([
      'Unknown option: --nosuch.',
      '--model is required: name the model to ask for, e.g. --model Qwen/Qwen3-0.6B.',
      '--concurrency must be an integer from 1 to 1000000, got 0.',
      '--custom-dataset-type needs --input-file: it sets how that file is read.',
      '--http2 needs --transport undici: the http transport does not support it.',
      '--osl-stddev needs --osl, its mean.',
    ]);
  });

  it('nothing is said of a value that is itself refused', async () => {
    expect(await refusals('-ma --osl x --osl-stddev 3')).toEqual([
      "--osl must be an integer from 0 to 10000000, got 'x'.",
    ]);
  });

  it.each([
    `--input-file ${file} --osl 5 --osl-stddev 2`,
    `--input-file ${file} --custom-dataset-type mooncake_trace --isl-block-size 16`,
    '--request-count 3 --conversation-num 2 --concurrency 50',
    '--isl-stddev 5',
    '--isl 0 --image-batch-size 1',
    '--isl 0 --audio-length-mean 1 --audio-format mp3 --audio-sample-rates 22050',
  ])('%s is allowed', async (line) => {
    expect((await profile(`-ma --extra-inputs ignore_eos:true ${line}`)).warnings).toEqual([]);
  });
});

describe('options without effect', () => {
  it.each([
    [
      `--input-file ${file} --image-width-mean 64 --audio-format mp3`,
      '--image-width-mean and --audio-format have no effect on the media of a file or public data set, which are sent as they are.',
    ],
    [
      '--image-format png',
      '--image-format has no effect without images: --image-batch-size 1 turns them on.',
    ],
    [
      '--audio-length-mean 1 --audio-format mp3 --audio-depths 8',
      '--audio-depths has no effect on mp3, which has no bit depth.',
    ],
    ['--zmq-host h', '--zmq-host has no effect here: these services do not exist.'],
    [
      '--record-processors 2 --zmq-ipc-path /tmp',
      '--record-processors and --zmq-ipc-path have no effect here: these services do not exist.',
    ],
    [
      '--tokenizer-trust-remote-code',
      '--tokenizer-trust-remote-code has no effect: tokenizer code is never run here.',
    ],
    [
      '--tokenizer builtin --tokenizer-revision v1',
      '--tokenizer-revision has no effect on the builtin tokenizer.',
    ],
    ['--tls-insecure', '--tls-insecure has no effect: no URL starts with https://.'],
    [
      '--tls-insecure --url https://h',
      '--tls-insecure disables certificate checks: the server is not authenticated.',
    ],
    ['--stream-end any', '--stream-end has no effect without --streaming.'],
    [
      '--session-turn-delay-mean 5 --session-delay-ratio 2',
      '--session-turn-delay-mean and --session-delay-ratio have no effect on conversations of one turn; --conversation-turn-mean makes them longer.',
    ],
    [
      '--isl-block-size 16',
      '--isl-block-size has no effect on synthetic prompts: only traces have hash ids.',
    ],
    [
      '--synthesis-speedup-ratio 2 --synthesis-max-osl 9',
      '--synthesis-speedup-ratio and --synthesis-max-osl have no effect on synthetic prompts: only traces are changed.',
    ],
    [
      `--input-file ${file} --custom-dataset-type single_turn --num-prompts 5`,
      '--num-prompts has no effect on single_turn: the whole file is always loaded.',
    ],
  ])('%s', async (line, sentence) => {
    expect((await profile(`-ma ${line}`)).warnings).toEqual([sentence]);
  });

  it('say that a URL holds two question marks', async () => {
    const sentence =
      "two '?': the second is sent as part of a parameter's value. Put '&' between parameters.";
    const line = '-ma --url http://a/?b=1 http://a/v1?b=1?c=2';
    expect((await profile(line)).warnings).toEqual([`--url holds ${sentence}`]);
    expect((await profile('-ma --url a?b=1 --endpoint /c?d=1&e=2#?')).warnings).toEqual([]);
    expect((await profile('-ma --url a?b=1?c --endpoint /c?d?e')).warnings).toEqual([
      `--url and --endpoint hold ${sentence}`,
    ]);
  });

  it('rules on the type that was detected', async () => {
    const loaded = await profile(`-ma --input-file ${file} --isl-block-size 16 --num-dataset-entries 5`);
    expect(loaded.warnings).toEqual([]);
    expect(checkDatasetType(loaded, 'single_turn')).toEqual({
      errors: ['--isl-block-size needs a trace with hash ids, such as mooncake_trace, got single_turn.'],
      warnings: ['--num-dataset-entries has no effect on single_turn: the whole file is always loaded.'],
    });
    expect(checkDatasetType(loaded, 'mooncake_trace').errors).toEqual([]);
    expect(checkDatasetType(loaded, 'random_pool').warnings).toEqual([]);
  });
});
