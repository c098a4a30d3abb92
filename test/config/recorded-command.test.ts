import { describe, expect, it } from 'vitest';
import { profileOptions } from '../../src/config/options.js';
import { recordedCommand } from '../../src/config/recorded-command.js';

function recorded(...argv: string[]): string {
  return recordedCommand('profile', argv, profileOptions);
}

describe('the recorded command', () => {
  it('is written as AIPerf writes it, but for the names of choices, which stay as typed', () => {
    const line =
      '--model qwen3-0.6b --endpoint-type chat --url http://127.0.0.1:8000 --streaming --concurrency 4 --request-count 12 --isl 100 --osl 20 --tokenizer Qwen/Qwen3-0.6B --random-seed 7 --ui none --artifact-dir stream';
    expect(recorded(...line.split(' '))).toBe(
      "aiperf profile --model 'qwen3-0.6b' --endpoint-type 'chat' --url 'http://127.0.0.1:8000' --streaming --concurrency 4 --request-count 12 --isl 100 --osl 20 --tokenizer 'Qwen/Qwen3-0.6B' --random-seed 7 --ui 'none' --artifact-dir 'stream'",
    );
  });

  it.each([
    [['--model', 'true', 'FALSE', 'null'], '--model True False None'],
    [['--export-level', 'raw', '--ui-type=none'], "--export-level 'raw' --ui-type=none"],
    [['--isl-stddev', '-5', '--x', '1.50', '1e3', '05'], "--isl-stddev -5 --x 1.50 '1e3' '05'"],
    [['--url=h:1', '-ma', '-m=b', '-vv', '-v'], '--url=h:1 -ma -m=b -vv -v'],
    [['--tokenizer', "it's"], "--tokenizer 'it'\\''s'"],
    [['--extra-inputs={"a b":1}'], `--extra-inputs='{"a b":1}'`],
    [['--extra-inputs', 'max_tokens:5,min_tokens:5'], "--extra-inputs 'max_tokens:5,min_tokens:5'"],
  ])('%j', (argv, text) => {
    expect(recorded(...argv)).toBe(`aiperf profile ${text}`);
  });

  it.each([
    [['--api-key', 's3cret'], "--api-key '<redacted>'"],
    [['--api_key', 's3cret'], "--api_key '<redacted>'"],
    [['--api-key=s3cret'], "--api-key='<redacted>'"],
    [
      ['--header', 'Authorization: Bearer s3cret', 'X-A:1', '-H', 'X-Token:s3cret,s3cret'],
      "--header 'Authorization:<redacted>' 'X-A:<redacted>' -H 'X-Token:<redacted>'",
    ],
    [['-HCookie:s3cret'], "-H'Cookie:<redacted>'"],
    [['-H=Cookie:s3cret'], "-H='Cookie:<redacted>'"],
    [['--header={"Cookie":"s3cret","X-A":"1"}'], `--header='{"Cookie":"<redacted>","X-A":"<redacted>"}'`],
    [['-H', '{"Cookie":"s3cret'], "-H '<redacted>'"],
    [['--extra-inputs', 'a:1,api_key:s3cret,b:2'], "--extra-inputs 'a:1,api_key:<redacted>,b:2'"],
    [
      ['--extra-inputs', '{"nested":{"password":"s3cret"}}'],
      `--extra-inputs '{"nested":{"password":"<redacted>"}}'`,
    ],
    [['--url', 'https://me:s3cret@h/v1'], "--url 'https://me:<redacted>@h/v1'"],
  ])('%j: secrets are masked', (argv, text) => {
    expect(recorded(...argv)).toBe(`aiperf profile ${text}`);
  });
});
