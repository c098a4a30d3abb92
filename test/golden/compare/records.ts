import { formOf, leaves, listDifferences, setDifferences, valueDifference } from './lists.js';

export function recordDifferences(theirText: string, ourText: string): string[] {
  const [theirs, ours] = [recordsByOutcome(theirText), recordsByOutcome(ourText)];
  return [
    ...setDifferences('outcome', [...theirs.keys()], [...ours.keys()]),
    ...[...theirs].flatMap(([outcome, lines]) => {
      const [first, own] = [lines[0], ours.get(outcome)];
      if (first === undefined || own?.[0] === undefined) return [];
      const keys = (part: 'metadata' | 'error' | undefined) => (line: string) => {
        const whole = JSON.parse(line);
        return Object.keys((part === undefined ? whole : whole[part]) ?? {});
      };
      const [a, b] = [metricForms(lines), metricForms(own)];
      return [
        ...listDifferences(`key of ${outcome}`, keys(undefined)(first), keys(undefined)(own[0])),
        ...listDifferences(`metadata key of ${outcome}`, keys('metadata')(first), keys('metadata')(own[0])),
        ...listDifferences(`error key of ${outcome}`, keys('error')(first), keys('error')(own[0])),
        ...traceDifferences(first, own[0], outcome),
        ...setDifferences(`metric of ${outcome}`, [...a.keys()], [...b.keys()]),
        ...[...a].flatMap(([tag, form]) =>
          valueDifference(`form of ${tag} of ${outcome}`, form, b.get(tag) ?? form),
        ),
        ...valueDifference(`form of metadata of ${outcome}`, metadataForms(first), metadataForms(own[0])),
      ];
    }),
  ];
}

/** Keys of `trace_data` and the names of headers. */
function traceDifferences(theirLine: string, ourLine: string, outcome: string): string[] {
  const [theirs, ours] = [theirLine, ourLine].map((line) => JSON.parse(line).trace_data ?? {});
  const keys = (part?: string) =>
    [theirs, ours].map((of) => Object.keys((part === undefined ? of : of[part]) ?? {})) as [
      string[],
      string[],
    ];
  return [
    ...listDifferences(`trace key of ${outcome}`, ...keys()),
    ...setDifferences(`request header of ${outcome}`, ...keys('request_headers')),
    ...setDifferences(`response header of ${outcome}`, ...keys('response_headers')),
  ];
}

function recordsByOutcome(text: string): Map<string, string[]> {
  const lines = text.split('\n').filter((line) => line !== '');
  const outcomes = new Map<string, string[]>();
  for (const line of lines) {
    const { error } = JSON.parse(line);
    const outcome = error === undefined ? 'valid records' : `records of ${error.type}`;
    outcomes.set(outcome, [...(outcomes.get(outcome) ?? []), line]);
  }
  return outcomes;
}

/** Tag to unit and forms of value over several lines, e.g. `float ms`. */
function metricForms(lines: readonly string[]): Map<string, string> {
  const forms = new Map<string, Set<string>>();
  for (const line of lines) {
    for (const [, tag = '', value, unit] of line.matchAll(
      /"(\w+)":\{"value":(\[[^\]]*\]|[^,]+),"unit":"([^"]*)"\}/g,
    )) {
      forms.set(tag, (forms.get(tag) ?? new Set()).add(`${formOf(value)} ${unit}`));
    }
  }
  return new Map([...forms].map(([tag, seen]) => [tag, [...seen].sort().join(' or ')]));
}

function metadataForms(line: string): string {
  const metadata = /"metadata":\{([^}]*)\}/.exec(line)?.[1] ?? '';
  return metadata
    .replace(/"request_ack_ns":\d+,/, '')
    .replace(/[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}/g, 'UUID')
    .replace(/_[0-9a-f]{8}"/g, '_HEX"')
    .replace(/session_\d{6}"/g, 'session_N"')
    .replace(/(_ns":)\d{19}/g, '$1T')
    .replace(/("(?:session_num|turn_index)":)\d+/g, '$1N');
}

export function rawDifferences(theirText: string, ourText: string): string[] {
  const [theirs, ours] = [recordsByOutcome(theirText), recordsByOutcome(ourText)];
  return [...theirs].flatMap(([outcome, [first]]) => {
    const own = ours.get(outcome)?.[0];
    if (first === undefined) return [];
    if (own === undefined) return [`outcome ${outcome} is missing`];
    const [a, b] = [JSON.parse(first), JSON.parse(own)];
    const shape = (of: unknown) => [
      ...new Set(leaves(of).map(([path]) => path.replace(/\.\d+(?=\.|$)/g, '[]'))),
    ];
    return [
      ...listDifferences(`key of ${outcome}`, Object.keys(a), Object.keys(b)),
      ...listDifferences(`metadata key of ${outcome}`, Object.keys(a.metadata), Object.keys(b.metadata)),
      ...setDifferences(`leaf of ${outcome}`, shape({ ...a, metadata: 0 }), shape({ ...b, metadata: 0 })),
      ...setDifferences(`payload key of ${outcome}`, Object.keys(a.payload), Object.keys(b.payload)),
    ];
  });
}

/** Keys of the first line, in their order. */
export function lineKeys(theirText: string, ourText: string): string[] {
  const [theirs, ours] = [theirText, ourText].map((text) =>
    Object.keys(JSON.parse(text.split('\n')[0] ?? '')),
  );
  return listDifferences('key', theirs ?? [], ours ?? []);
}
