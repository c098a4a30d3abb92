import { gunzipSync } from 'node:zlib';

// The files of a run as lines, with everything masked that depends on time or chance, so that two runs with one seed
// are equal.

/** Units of values that a run with one seed reproduces exactly. */
const exactUnits = new Set(['tokens', 'requests', 'errors', '%', 'sessions', 'conversations', 'items']);
/** Values that look exact but depend on time. */
const timed =
  /fidelity|http_req_|chunks|effective.|active.|tokens.in.flight|trace_data|(?:^|\.)(?:worker|thread|port)|lateness/i;
/** Lines about the client, which depend on other load on the machine. */
const verdict =
  /^Fidelity:|client.(?:timing|limited|strained|clean)|the client was|class="bad"|load thread|read lag|machine/i;
/** Values that may be missing: marks of a busy client, rates of tokens that arrived in one read. */
const optional = /\.client_limited|\.fidelity\.(?:reasons|verdict)|^profiling.*_throughput_per_user/;

/** The lines of a file, by file type. */
export function fileLines(path: string, bytes: Buffer, home: string): string[] {
  if (path.endsWith('.png')) return [`PNG of ${bytes.readUInt32BE(16)} x ${bytes.readUInt32BE(20)}`];
  const text = bytes.toString('utf8');
  if (path.endsWith('inputs.json')) return text.split('\n');
  if (path.endsWith('.json')) return [...jsonLines(text, '', home), `ends ${JSON.stringify(text.slice(-2))}`];
  if (path.endsWith('.jsonl')) return recordLines(text, home);
  if (path.endsWith('.csv')) return csvLines(text, home);
  if (path.endsWith('.html') || path.endsWith('.svg')) return markupLines(text, home);
  return printedLines(text, home);
}

/** The output or log of a command. */
export function printedLines(text: string, home: string): string[] {
  return text
    .split('\n')
    .map((line) =>
      line
        .replace(/[│┃╭╮╰╯├┤┏┓┡┩┗┛└┘┳┻╇┴┬┼─━]+/g, '|')
        .replace(/ +/g, ' ')
        .trim(),
    )
    .filter((line) => !verdict.test(line))
    .map((line) =>
      /\((tokens|requests|%)\) \|/.test(line) && !timed.test(line) ? unnamed(line, home) : masked(line, home),
    );
}

function jsonLines(text: string, path: string, home: string): string[] {
  return [...leaves(parsed(text), path, home)].filter((line) => !optional.test(line));
}

/** JSON with each number as a string that starts with `#`: this distinguishes 1 from 1.0 and keeps times beyond 2^53. */
function parsed(text: string): unknown {
  return JSON.parse(
    text.replace(/"(?:[^"\\]|\\.)*"|-?\d[\d.eE+-]*/g, (token) =>
      token.startsWith('"') ? token : `"#${token}"`,
    ),
  );
}

/** `path: value` of every leaf, in file order. */
function* leaves(value: unknown, path: string, home: string, unit?: string): Generator<string> {
  if (typeof value === 'object' && value !== null) {
    const entries = Object.entries(value);
    if (entries.length === 0) yield `${path}: ${JSON.stringify(value)}`;
    if (Array.isArray(value) && value.every((item) => `${item}`.startsWith('#')) && entries.length > 0) {
      yield `${path}: ${entries.length} numbers`;
      return;
    }
    const own = 'unit' in value && typeof value.unit === 'string' ? value.unit : unit;
    for (const [key, inner] of entries) yield* leaves(inner, `${path}.${key}`, home, own);
  } else if (typeof value === 'string' && value.startsWith('#')) {
    yield `${path}: ${isExact(value.slice(1), path, unit) ? value.slice(1) : formOf(value, path)}`;
  } else yield `${path}: ${timed.test(path) ? typeof value : masked(JSON.stringify(value), home)}`;
}

function isExact(number: string, path: string, unit: string | undefined): boolean {
  if (timed.test(path) || /_(ns|ms|seconds|s)$/.test(path)) return false;
  return unit === undefined ? !number.includes('.') && number.length < 10 : exactUnits.has(unit);
}

function formOf(number: string, path: string): string {
  if (timed.test(path)) return 'number';
  return /[.e]/.test(number) ? 'float' : number.length > 12 ? 'time' : 'integer';
}

/** Records are in order of completion: sort them by what was sent. */
function recordLines(text: string, home: string): string[] {
  const lines = text.split('\n');
  return [
    ...lines
      .filter(Boolean)
      .map((line) => {
        const key = ['benchmark_phase', 'session_num', 'turn_index']
          .map((name) => keyIn(line, name))
          .join(' ');
        return { key, lines: jsonLines(line, key, home) };
      })
      .sort((a, b) => (a.key < b.key ? -1 : 1))
      .flatMap((record) => record.lines),
    `ends ${JSON.stringify(lines.at(-1))}`,
  ];
}

function keyIn(line: string, name: string): string {
  return new RegExp(`"${name}":"?(\\w+)`).exec(line)?.[1]?.padStart(4, '0') ?? '';
}

function csvLines(text: string, home: string): string[] {
  return text.split('\n').map((line) => {
    const isExactRow = /\((tokens|requests|%)\)|,(tokens|requests|%),/.test(line) && !timed.test(line);
    return isExactRow ? line.replace(/\d{19}/g, 'TIME') : masked(line, home);
  });
}

/** Distinct elements and texts, and the chart data of a page, without what depends only on the data. */
function markupLines(text: string, home: string): string[] {
  const data = [...text.matchAll(/ id="([\w-]*data)">([^<]+)</g)].flatMap(([, id = '', packed = '']) => [
    ...jsonLines(gunzipSync(Buffer.from(packed, 'base64')).toString(), id, home),
  ]);
  const marks = text
    .replace(/<(script|style)\b[^>]*>[\s\S]*?<\/\1>/g, '')
    .replace(/ (d|points|transform|viewBox)="[^"]*"/g, ' $1')
    .split(/(?=<)/)
    .filter((line) => !/^<\/|^<(path|circle|rect|line|g|polyline|polygon|image)\b| lanes?$/.test(line))
    .filter((line) => !verdict.test(line))
    .map((line) => masked(line.replace(/^<text[^>]*>/, ''), home).replace(/[\d.,-]+/g, 'N'))
    .map((line) => line.trim());
  return [...new Set([...marks, ...data.map((line) => line.replace(/\d+|float|integer/g, 'N'))])].sort();
}

/** Masks names that a run generates: IDs, folders, ports, times. */
function unnamed(text: string, home: string): string {
  return text
    .replaceAll(home, 'HOME')
    .replace(/[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}/g, 'UUID')
    .replace(/sha256-[\w+/=]+/g, 'SHA256')
    .replace(/127\.0\.0\.1:\d+/g, 'SERVER')
    .replace(/\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(\.\d+)?Z?|\d\d:\d\d:\d\d(\.\d+)?/g, 'TIME');
}

function masked(text: string, home: string): string {
  return unnamed(text, home)
    .replace(/[-+]?\d[\d,]*\.\d+(e[-+]\d+)?/g, 'N')
    .replace(/\d{16,}/g, 'TIME')
    .replace(/\b(?=[0-9a-f]*\d)[0-9a-f]{8,32}\b/g, 'ID')
    .replace(/(worker|record_processor)_\w+/g, '$1');
}
