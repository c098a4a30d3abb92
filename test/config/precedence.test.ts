import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { load } from '../../src/config/load.js';
import type { OptionTable } from '../../src/config/option.js';
import { integer } from '../../src/config/option-kinds.js';
import { profileOptions } from '../../src/config/options.js';
import { profile, refusals } from './profile-options.js';

const folder = mkdtempSync(join(tmpdir(), 'aiperf-config-'));

let files = 0;

function yaml(text: string): string {
  const path = join(folder, `bench-${++files}.yaml`);
  writeFileSync(path, text);
  return path;
}

describe('precedence', () => {
  const table = {
    configFile: profileOptions.configFile,
    size: integer({
      flags: ['--size'],
      env: 'TEST_SIZE',
      group: 'Test',
      help: 'A size.',
      min: 1,
      default: 1,
    }),
  } satisfies OptionTable;

  it.each([
    [[], {}, 1, undefined],
    [['-f', yaml('size: 2')], {}, 2, 'file'],
    [['-f', yaml('size: 2')], { TEST_SIZE: '3' }, 3, 'environment'],
    [['-f', yaml('size: 2'), '--size', '4'], { TEST_SIZE: '3' }, 4, 'flag'],
    [[], { TEST_SIZE: '' }, 1, undefined],
  ])('%j with %j', async (argv, env, size, from) => {
    const loaded = await load(table, argv, env);
    expect(loaded.config.size).toBe(size);
    expect(loaded.sources.get('size')?.from).toBe(from);
  });

  it('tells what was given from what is a default', async () => {
    const { config, sources } = await profile(['-ma', '-f', yaml('isl: 550'), '--streaming'], {
      AIPERF_HTTP_IP_VERSION: '6',
    });
    expect(config).toMatchObject({
      isl: 550,
      concurrency: undefined,
      httpIpVersion: '6',
      exportLevel: 'records',
    });
    expect([...sources.keys()].sort()).toEqual(['configFile', 'httpIpVersion', 'isl', 'models', 'streaming']);
  });
});

describe('environment variables', () => {
  it('are read like words', async () => {
    const { config } = await profile('-ma', {
      AIPERF_HTTP_CONNECTION_LIMIT: '1_009',
      AIPERF_HTTP_SSL_VERIFY: '0',
      AIPERF_HTTP_X_SESSION_AFFINITY_FROM_CORRELATION_ID: 'False',
      AIPERF_METRICS_OSL_MISMATCH_PCT_THRESHOLD: '2.5',
    });
    expect(config).toMatchObject({
      httpConnectionLimit: 1009,
      httpSslVerify: false,
      httpSessionAffinity: false,
      oslMismatchPctThreshold: 2.5,
    });
  });

  it.each([
    ['AIPERF_HTTP_IP_VERSION', '5', "AIPERF_HTTP_IP_VERSION must be 4, 6 or auto, got '5'."],
    [
      'AIPERF_UI_CONSOLE_EXPORT_WIDTH',
      '39',
      'AIPERF_UI_CONSOLE_EXPORT_WIDTH must be an integer from 40 to 10000, got 39.',
    ],
    ['AIPERF_HTTP_SSL_VERIFY', 'no', "AIPERF_HTTP_SSL_VERIFY must be true or false, got 'no'."],
  ])('%s=%s', async (name, value, sentence) => {
    expect(await refusals('-ma', { [name]: value })).toEqual([sentence]);
  });
});

describe('--config', () => {
  it('takes names without dashes in either case, scalars, lists and mappings', async () => {
    const path = yaml(
      [
        'model: a, b',
        'url: [h:1, h:2]',
        'endpoint-type: Completions',
        'streaming: true',
        'extra_inputs: {ignore_eos: true, nested: {n: 1}}',
        'header: {X-A: 1}',
        'prompt_output_tokens_mean: 12',
        '',
      ].join('\n'),
    );
    expect((await profile(['-f', path])).config).toMatchObject({
      models: ['a', 'b'],
      urls: ['h:1', 'h:2'],
      endpointType: 'completions',
      streaming: true,
      extraInputs: { ignore_eos: true, nested: { n: 1 } },
      headers: { 'X-A': '1' },
      osl: 12,
    });
  });

  it('names file, line and column of everything that is wrong', async () => {
    const path = yaml(
      [
        '# a comment',
        'model: a',
        'concurency: 3',
        'isl:   ten',
        'prompt-input-tokens-mean: 4',
        'osl:',
        'streaming: yes',
        'url: ["h:1", "ftp://x"]',
        'config: other.yaml',
        'output-token-mean: 3',
        'request_count: 0',
        '',
      ].join('\n'),
    );
    const at = (place: string) => `${path}:${place}`;
    expect(await refusals(['-f', path])).toEqual([
      `${at('3:1')}: unknown key 'concurency'. Did you mean concurrency?`,
      `${at('5:1')}: prompt-input-tokens-mean is the same option as isl at ${at('4:1')}; give one of them.`,
      `${at('9:1')}: unknown key 'config'.`,
      `${at('10:1')}: unknown key 'output-token-mean'. Did you mean output-tokens-mean?`,
      `${at('7:12')}: streaming must be true or false, got 'yes'.`,
      `${at('8:6')}: url must be URLs like http://HOST:PORT or https://HOST, separated by commas, got 'h:1,ftp://x'.`,
      `${at('4:8')}: isl must be an integer from 0 to 10000000, got 'ten'.`,
      `${at('6:5')}: osl must be an integer from 0 to 10000000, got nothing.`,
      `${at('11:16')}: request_count must be an integer of at least 1, got 0.`,
    ]);
  });

  it('places conflicts too', async () => {
    const path = yaml('model: a\nosl_stddev: 3\n');
    expect(await refusals(['-f', path])).toEqual([`${path}:2:1: osl_stddev needs --osl, its mean.`]);
  });

  it.each([
    ['isl: 1\nisl: 2\n', ':2:1: Map keys must be unique.'],
    ['isl: [1\n', ':2:1: Flow sequence in block collection must be sufficiently indented and end with a ].'],
    ['- isl\n', ':1:1: a config file must be a mapping of option names to values.'],
  ])('%j', async (text, sentence) => {
    const path = yaml(text);
    expect(await refusals(['-ma', '-f', path])).toContain(path + sentence);
  });

  it('reads lists of pairs, and text in lists, as the command line reads words', async () => {
    const path = yaml(
      [
        'model: [a]',
        'extra-inputs: ["ignore_eos:true", \'a:{"b":1,"c":2}\', {n: 5}]',
        'header:',
        '  - "X-A: b,c"',
        '  - X-D: 7',
        'goodput: ["ttft:1_500", ITL:20.5]',
        'tables: [HTTP, Usage]',
        'request_count: 100_000',
        'slice-duration: 1_0.5',
        'concurrency: [1_0, 2_0]',
        '',
      ].join('\n'),
    );
    const { config, points } = await profile(['-f', path, '--streaming']);
    expect(config).toMatchObject({
      extraInputs: { ignore_eos: true, a: { b: 1, c: 2 }, n: 5 },
      headers: { 'X-A': 'b,c', 'X-D': '7' },
      goodput: { ttft: 1500, ITL: 20.5 },
      tables: ['http', 'usage'],
      requestCount: 100_000,
      sliceDuration: 10.5,
    });
    expect(points.map((point) => point.config.concurrency)).toEqual([10, 20]);
  });

  it('takes limits as numbers or text', async () => {
    const path = yaml('goodput: {TTFT: 1_500, request_latency: 9}\n');
    expect((await profile(['-ma', '-f', path, '--streaming'])).config.goodput).toEqual({
      TTFT: 1500,
      request_latency: 9,
    });
  });

  it.each([
    [
      'extra-inputs: [5]\n',
      ':1:15: extra-inputs expects key:value pairs or a JSON object, got 5 in its list.',
    ],
    [
      'header: [a]\n',
      ":1:9: header expects key:value, got 'a'; quote a value with spaces, and use the JSON form for one with commas.",
    ],
    [
      'extra-inputs: {seed: 18446744073709551615}\n',
      ':1:15: extra-inputs expects integers that a double holds exactly (up to 2^53 - 1), got 18446744073709551615.',
    ],
    [
      `extra-inputs: &a {x: *a}\n`,
      ':1:18: extra-inputs is nested too deeply, or holds itself: at most 64 levels are read.',
    ],
    [
      `extra-inputs: {a: ${'['.repeat(65)}${']'.repeat(65)}}\n`,
      ':1:15: extra-inputs is nested too deeply, or holds itself: at most 64 levels are read.',
    ],
    [
      `extra-inputs:\n  a: &a [1,1,1,1,1,1]\n  b: &b [*a,*a,*a,*a,*a,*a]\n  c: &c [*b,*b,*b,*b,*b,*b]\n  d: [*c,*c,*c]\n`,
      ':2:3: extra-inputs expands to more than 100 aliases.',
    ],
    [
      'extra-inputs: *b\n',
      ':1:15: extra-inputs is invalid: Unresolved alias (the anchor must be set before the alias): b.',
    ],
    ['extra-inputs: {a: {b: 1, b: 2}}\n', ':1:26: Map keys must be unique.'],
    ['isl: 1\n---\nisl: 2\n', ":2:1: a second document begins here; keep one, and remove its '---'."],
    [
      'extra-inputs: {<<: {a: 1}, b: 2}\n<<: {isl: 1}\n',
      ':2:1: a merge key merges into the value of an option, not into the options; write them out.',
    ],
    [
      'extra-inputs: {a: !!js/function "x"}\n',
      ':1:19: Unresolved tag: tag:yaml.org,2002:js/function; write text, numbers, true, false, null, lists and mappings, without a tag.',
    ],
    ...['!!binary "aGk="', '!!timestamp 2001-12-14', '!!set {a, b}', '!!omap [a: 1]'].map(
      (value): [string, string] => [
        `extra-inputs: {a: ${value}}\n`,
        ':1:15: extra-inputs holds a value with a tag such as !!binary or !!set; write text, numbers, true, false, null, lists and mappings, without a tag.',
      ],
    ),
    ['"is\\u001b[31ml\\nforged": 1\n', ":1:1: unknown key 'isl forged'."],
    ['? [1, 2]\n: 3\n', ":1:3: unknown key '[1,2]'."],
    [
      'wandb-project: h\n',
      ':1:1: wandb-project is an option of AIPerf that is not supported: send the run to MLflow with --mlflow-tracking-uri, or upload the summary JSON and profile_export.jsonl after the run.',
    ],
  ])('%j', async (text, sentence) => {
    const path = yaml(text);
    expect(await refusals(['-ma', '-f', path])).toEqual([path + sentence]);
  });

  it('merge keys are merged into the value of an option', async () => {
    const path = yaml('extra-inputs: {<<: {a: 1, b: 1}, b: 2}\n');
    expect((await profile(['-ma', '-f', path])).config.extraInputs).toEqual({ a: 1, b: 2 });
  });

  it('50,000 unknown keys are refused in bounded time, the first 20 by name', async () => {
    const path = yaml(Array.from({ length: 50_000 }, (_, i) => `key${i}: 1\n`).join(''));
    const errors = await refusals(['-ma', '-f', path]);
    expect(errors).toHaveLength(21);
    expect(errors[19]).toBe(`${path}:20:1: unknown key 'key19'.`);
    expect(errors[20]).toBe('and 49,980 more errors.');
  });

  it('100,000 levels, a folder, and a device without an end are refused at once', async () => {
    const deep = yaml(`extra-inputs: {a: ${'['.repeat(100_000)}}\n`);
    expect((await refusals(['-ma', '-f', deep]))[0]).toMatch(
      /: nested too deeply: at most 64 levels are read\.$/,
    );
    expect(await refusals(['-ma', '-f', '/dev/zero'])).toEqual([
      '--config: /dev/zero holds more than 1 MiB, the limit.',
    ]);
  });

  it('text that is not UTF-8 is refused with its line', async () => {
    const path = yaml('');
    writeFileSync(path, Buffer.from('isl: 5\n# caf\xe9\n', 'latin1'));
    expect(await refusals(['-ma', '-f', path])).toEqual([
      `--config: ${path}:2: the line is not valid UTF-8; save the file as UTF-8, for example with: iconv -f ISO-8859-1 -t UTF-8 FILE.`,
    ]);
  });

  it('UTF-16 is refused with the way out of it', async () => {
    const path = yaml('');
    writeFileSync(path, Buffer.from('\uFEFFisl: 5\n', 'utf16le'));
    expect(await refusals(['-ma', '-f', path])).toEqual([
      `--config: ${path}:1: the line is not valid UTF-8; save the file as UTF-8, for example with: iconv -f UTF-16 -t UTF-8 FILE.`,
    ]);
  });

  it('an empty file says nothing', async () => {
    expect((await profile(['-ma', '-f', yaml('# nothing\n')])).config.models).toEqual(['a']);
  });

  it('must be there', async () => {
    expect(await refusals('-ma --config no.yaml')).toEqual([
      "--config must be the path of an existing file, got 'no.yaml'.",
    ]);
  });
});
