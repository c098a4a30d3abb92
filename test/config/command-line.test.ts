import { describe, expect, it } from 'vitest';
import type { OptionRow } from '../../src/config/option.js';
import { endpointTypes, profileOptions } from '../../src/config/options.js';
import { unsupportedOption } from '../../src/config/unsupported.js';
import { orList } from '../../src/util/lists.js';
import { profile, refusals } from './profile-options.js';

describe('very long and very large words', () => {
  it.each([
    ['--request-count', '--request-count expects an integer of at most 2^53 - 1, got 9007199254740993.'],
    ['--isl', "--isl must be an integer from 0 to 10000000, got '9007199254740993'."],
  ])('%s names an integer beyond 2^53 as it was written', async (option, sentence) => {
    expect(await refusals(['-ma', option, '9007199254740993'])).toEqual([sentence]);
  });

  it('an unknown option of 100,000 characters is compared with none that is much shorter', async () => {
    const option = `--${'x'.repeat(100_000)}`;
    expect(await refusals(['-ma', option])).toEqual([`Unknown option: ${option}.`]);
  });
});

describe('spellings', () => {
  it.each([
    ['--concurrency 7', 7],
    ['--concurrency=7', 7],
    ['--concurrency +7', 7],
  ])('%s', async (line, concurrency) => {
    expect((await profile(`-m a ${line}`)).config.concurrency).toBe(concurrency);
  });

  it.each(['-m a', '-m=a', '-ma', '--model a', '--model=a', '--model-names a', '--model_names=a'])(
    'the model by %s',
    async (line) => {
      expect((await profile(line)).config.models).toEqual(['a']);
    },
  );

  it('underscores in names, not in values', async () => {
    const { config } = await profile('--model_names=a_b --request_count 3 --num-dataset_entries=4');
    expect(config).toMatchObject({ models: ['a_b'], requestCount: 3, numDatasetEntries: 4 });
  });

  it.each([
    ['--streaming', true],
    ['--streaming=true', true],
    ['--streaming=false', false],
    ['', false],
  ])('flag %s', async (line, streaming) => {
    expect((await profile(['-ma', ...line.split(' ').filter(Boolean)])).config.streaming).toBe(streaming);
  });

  it.each([
    ['-v', true, false],
    ['-vv', false, true],
    ['--extra-verbose', false, true],
  ])('verbosity %s', async (line, verbose, extraVerbose) => {
    expect((await profile(`-ma ${line}`)).config).toMatchObject({ verbose, extraVerbose });
  });

  it('comma lists are trimmed, and --model adds up', async () => {
    expect((await profile(['-m', 'a, b', '--model', 'c'])).config.models).toEqual(['a', 'b', 'c']);
  });

  it('--url takes every word up to the next option', async () => {
    const { config } = await profile('--url h:1 http://i,https://j/v1 -u k:2 -m a');
    expect(config.urls).toEqual(['h:1', 'http://i', 'https://j/v1', 'k:2']);
  });

  it('choices in any case, with hyphen or underscore', async () => {
    const { config } = await profile(
      '-ma --model-selection-strategy Round-Robin --connection-reuse-strategy STICKY_USER_SESSIONS --log-level debug',
    );
    expect(config).toMatchObject({
      modelSelectionStrategy: 'round_robin',
      connectionReuseStrategy: 'sticky-user-sessions',
      logLevel: 'DEBUG',
    });
  });

  it('an empty --endpoint is a value', async () => {
    expect((await profile(['-ma', '--endpoint', ''])).config.customEndpoint).toBe('');
    expect((await profile('-ma --custom-endpoint=')).config.customEndpoint).toBe('');
  });

  it('numbers with a fraction or an exponent, where no integer is asked for', async () => {
    const { config } = await profile('-ma --request-timeout-seconds 1.5e1 --connect-timeout-seconds .25');
    expect(config).toMatchObject({ requestTimeoutSeconds: 15, connectTimeoutSeconds: 0.25 });
  });
});

describe("AIPerf's own spellings", () => {
  it('underscores between digits', async () => {
    const { config } = await profile(
      '-ma --request-count 100_000 --isl 1_0 --slice-duration 1_0.2_5 --request-timeout-seconds 1_0e1',
    );
    expect(config).toMatchObject({
      requestCount: 100_000,
      isl: 10,
      sliceDuration: 10.25,
      requestTimeoutSeconds: 100,
    });
  });

  it.each(['_1', '1_', '1__0', '1_000.5'])('but not %s', async (word) => {
    expect(await refusals(['-ma', '--isl', word])).toEqual([
      `--isl must be an integer from 0 to 10000000, got '${word}'.`,
    ]);
  });

  it.each([
    '--no-gpu-telemetry',
    '--no-server-metrics',
    '--no-auto-plot',
    '--arrival-pattern concurrency_burst',
  ])('%s is accepted without a word', async (words) => {
    expect((await profile(`-ma ${words}`)).warnings).toEqual([]);
  });

  it.each([
    [
      '--wandb_project=x',
      '--wandb-project is an option of AIPerf that is not supported: send the run to MLflow with --mlflow-tracking-uri, or upload the summary JSON and profile_export.jsonl after the run.',
    ],
    [
      '--accuracy-benchmark mmlu',
      '--accuracy-benchmark is an option of AIPerf that is not supported: measure accuracy with an evaluation tool, such as lm-evaluation-harness.',
    ],
  ])('%s is known', async (words, sentence) => {
    expect(await refusals(`-ma ${words}`)).toEqual([sentence]);
  });

  it('no option of ours is among those that are refused', () => {
    const flags = Object.values<OptionRow>(profileOptions).flatMap((row) => row.flags ?? []);
    expect(flags.filter((flag) => unsupportedOption(flag) !== undefined)).toEqual([]);
  });
});

describe('sizes beyond what memory and time allow', () => {
  it.each([
    ['isl', 'an integer from 0 to 10000000'],
    ['osl', 'an integer from 0 to 10000000'],
    ['isl-stddev', 'a number from 0 to 10000000'],
    ['osl-stddev', 'a number from 0 to 10000000'],
    ['isl-block-size', 'an integer from 1 to 10000000'],
    ['concurrency', 'an integer from 1 to 1000000'],
    ['warmup-concurrency', 'an integer from 1 to 1000000'],
    ['prefill-concurrency', 'an integer from 1 to 1000000'],
    ['num-users', 'an integer from 1 to 1000000'],
    ['conversation-turn-mean', 'an integer from 1 to 10000'],
    ['conversation-turn-stddev', 'an integer from 0 to 10000'],
    ['load-threads', 'an integer from 1 to 256'],
    ['synthesis-prefix-len-multiplier', 'a number from 0 to 1000'],
    ['synthesis-prefix-root-multiplier', 'an integer from 1 to 1000'],
    ['synthesis-prompt-len-multiplier', 'a number from 0 to 1000'],
    ['synthesis-output-len-multiplier', 'a number from 0 to 1000'],
  ])('--%s', async (option, range) => {
    expect(await refusals(`-ma --${option} 1000000000000`)).toContain(
      `--${option} must be ${range}, got 1000000000000.`,
    );
  });
});

describe('what is refused', () => {
  it.each([
    ['-u h', ['--model is required: name the model to ask for, e.g. --model Qwen/Qwen3-0.6B.']],
    ['-ma --nosuch 3', ['Unknown option: --nosuch.']],
    ['-ma --concurency=3', ['Unknown option: --concurency. Did you mean --concurrency?']],
    ['-ma --no-streaming', ['Unknown option: --no-streaming. Did you mean --streaming?']],
    ['-ma -q 3', ['Unknown option: -q.']],
    [
      '-ma --json --output x -o y',
      [
        'Unknown option: --json. The summary is always written as JSON; aiperf report DIR --format json prints statistics as JSON.',
        'Unknown option: --output. --artifact-dir names the folder for all files.',
        'Unknown option: -o. --artifact-dir names the folder for all files.',
      ],
    ],
    ['-ma --jsom', ['Unknown option: --jsom.']],
    ['-ma --concurrency ten', ["--concurrency must be an integer from 1 to 1000000, got 'ten'."]],
    ['-ma --concurrency 1e3', ["--concurrency must be an integer from 1 to 1000000, got '1e3'."]],
    ['-ma --concurrency 2.5', ["--concurrency must be an integer from 1 to 1000000, got '2.5'."]],
    ['-ma --concurrency 0', ['--concurrency must be an integer from 1 to 1000000, got 0.']],
    ['-ma --concurrency -1', ['--concurrency must be an integer from 1 to 1000000, got -1.']],
    [
      '-ma --request-timeout-seconds 5m',
      ["--request-timeout-seconds must be a number of at least 0, got '5m'."],
    ],
    ['-ma --isl-stddev -0.5', ['--isl-stddev must be a number from 0 to 10000000, got -0.5.']],
    [
      '-ma --endpoint-type chta',
      [`--endpoint-type must be ${orList(endpointTypes)}, got 'chta'. Did you mean chat?`],
    ],
    ['-ma --export-level none', ["--export-level must be summary, records or raw, got 'none'."]],
    ['-ma --isl', ['--isl needs a value: an integer from 0 to 10000000.']],
    ['-ma --isl=', ['--isl needs a value: an integer from 0 to 10000000.']],
    ['-ma --isl --concurrency 2', ['--isl needs a value: an integer from 0 to 10000000.']],
    ['-ma --isl 5 --isl 6', ['--isl was given 2 times (5, 6); it takes one value.']],
    ['-ma --isl 5 --prompt-input-tokens-mean=6', ['--isl was given 2 times (5, 6); it takes one value.']],
    ['-ma --api-key s3 --api-key s4', ['--api-key was given 2 times; it takes one value.']],
    [
      '-ma --concurrency 10 20',
      ["Unexpected word '20': --concurrency takes one value; quote a value that holds spaces."],
    ],
    [
      '-ma --streaming false',
      ["Unexpected word 'false': --streaming takes no word; write --streaming=true or --streaming=false."],
    ],
    ['-ma --streaming=maybe', ["--streaming takes =true or =false, got 'maybe'."]],
    ['a -mb', ["Unexpected word 'a': no option precedes it."]],
    ['-ma,,b', ["-m must be names of models, separated by commas, got 'a,,b'."]],
    [
      '-ma --session-header X Y',
      ["Unexpected word 'Y': --session-header takes one value; quote a value that holds spaces."],
    ],
    ['-ma --session-header X:', ["--session-header must be the name of an HTTP header, got 'X:'."]],
    [
      '-ma --input-file /no/such',
      ["--input-file must be the path of an existing file or directory, got '/no/such'."],
    ],
  ])('%s', async (line, sentences) => {
    expect(await refusals(line)).toEqual(sentences);
  });

  it.each(['ftp://h', 'http://', 'http://h:0', 'http://h:65536', 'http://h:x', 'h h', 'http:///v1'])(
    'the URL %s',
    async (url) => {
      expect(await refusals(['-ma', '--url', url])).toEqual([
        `--url must be URLs like http://HOST:PORT or https://HOST, separated by commas, got '${url}'.`,
      ]);
    },
  );

  it('all of it at once, in one error', async () => {
    expect(
      await refusals('--isl -5 --osl 1e3 --osl 2 --nosuch 3 --streaming=maybe --endpoint_type=x --api-key'),
    ).toEqual([
      '--osl was given 2 times (1e3, 2); it takes one value.',
      'Unknown option: --nosuch.',
      "--streaming takes =true or =false, got 'maybe'.",
      '--model is required: name the model to ask for, e.g. --model Qwen/Qwen3-0.6B.',
      `--endpoint-type must be ${orList(endpointTypes)}, got 'x'.`,
      '--api-key needs a value: text without control characters, line breaks or spaces around it.',
      '--isl must be an integer from 0 to 10000000, got -5.',
      "--osl must be an integer from 0 to 10000000, got '1e3'.",
    ]);
  });
});
