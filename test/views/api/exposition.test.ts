import { describe, expect, it } from 'vitest';
import { expositionText } from '../../../src/views/api/exposition.js';
import { familiesOf } from '../../../src/views/api/families.js';

describe('the text of /metrics', () => {
  it('has a summary and gauges for a metric with percentiles', () => {
    const families = familiesOf({
      ...{ tag: 'time_to_first_token', header: 'Time to First Token', unit: 'ms' },
      statistics: { avg: 20.5, p50: 20, p99: 40, min: 10, max: 41, std: 2, count: 4, sum: 82 },
    });
    expect(expositionText(families, { model: 'm' })).toBe(
      [
        '# HELP aiperf_time_to_first_token_ms Time to First Token (in ms)',
        '# TYPE aiperf_time_to_first_token_ms summary',
        'aiperf_time_to_first_token_ms{model="m",quantile="0.5"} 20',
        'aiperf_time_to_first_token_ms{model="m",quantile="0.99"} 40',
        'aiperf_time_to_first_token_ms_sum{model="m"} 82',
        'aiperf_time_to_first_token_ms_count{model="m"} 4',
        '# HELP aiperf_time_to_first_token_avg_ms Time to First Token average (in ms)',
        '# TYPE aiperf_time_to_first_token_avg_ms gauge',
        'aiperf_time_to_first_token_avg_ms{model="m"} 20.5',
        '# HELP aiperf_time_to_first_token_min_ms Time to First Token minimum (in ms)',
        '# TYPE aiperf_time_to_first_token_min_ms gauge',
        'aiperf_time_to_first_token_min_ms{model="m"} 10',
        '# HELP aiperf_time_to_first_token_max_ms Time to First Token maximum (in ms)',
        '# TYPE aiperf_time_to_first_token_max_ms gauge',
        'aiperf_time_to_first_token_max_ms{model="m"} 41',
        '# HELP aiperf_time_to_first_token_std_ms Time to First Token standard deviation (in ms)',
        '# TYPE aiperf_time_to_first_token_std_ms gauge',
        'aiperf_time_to_first_token_std_ms{model="m"} 2',
        '',
      ].join('\n'),
    );
  });

  it('has gauges alone for a single number', () => {
    const statistics = { avg: 50, count: 1 };
    const families = familiesOf({
      tag: 'request_count',
      header: 'Request Count',
      unit: 'requests',
      statistics,
    });
    expect(expositionText(families, {})).toBe(
      [
        '# HELP aiperf_request_count_avg_requests Request Count average (in requests)',
        '# TYPE aiperf_request_count_avg_requests gauge',
        'aiperf_request_count_avg_requests 50',
        '# HELP aiperf_request_count_count_requests Request Count observation count (in requests)',
        '# TYPE aiperf_request_count_count_requests gauge',
        'aiperf_request_count_count_requests 1',
        '',
      ].join('\n'),
    );
  });

  it.each([
    ['%', 'percent'],
    ['tokens/sec', 'tps'],
    ['tokens/sec/user', 'tps_per_user'],
    ['requests/sec', 'requests_per_sec'],
    ['tokens/s', 'tokens_per_s'],
    ['J*s', 'j_s'],
  ])('names the unit %s %s', (unit, name) => {
    const [family] = familiesOf({ tag: 'x', header: 'X', unit, statistics: { current: 1 } });
    expect(family?.name).toBe(`aiperf_x_current_${name}`);
  });

  it('writes samples of one family together, and escapes what the format reserves', () => {
    const family = (path: string, value: number) => ({
      ...{ name: 'a', help: 'two\nlines \\', kind: 'gauge' as const },
      samples: [{ labels: { path }, value }],
    });
    const other = { name: 'b', help: 'b', kind: 'counter' as const, samples: [{ value: Infinity }] };
    expect(expositionText([family('say "hi"\\', 1), other, family('\n', Number.NaN)], {})).toBe(
      [
        '# HELP a two\\nlines \\\\',
        '# TYPE a gauge',
        'a{path="say \\"hi\\"\\\\"} 1',
        'a{path="\\n"} NaN',
        '# HELP b b',
        '# TYPE b counter',
        'b +Inf',
        '',
      ].join('\n'),
    );
  });
});
