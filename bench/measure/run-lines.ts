import { gunzipSync } from 'node:zlib';

// The files of a run as lines, with everything masked that depends on time or chance, so that two runs with one seed
// are equal.

/** Units of values that a run with one seed reproduces exactly. */
const exactUnits = /^(tokens|requests|errors|%|sessions|conversations|items)$/;
/** Values that look exact but depend on time. */
const timed =
  /fidelity|http_req_|chunks|effective.|active.|tokens.in.flight|trace_data|(?:^|\.)(?:worker|thread|port)|lateness/i;
/** Lines about the client, which depend on other load on the machine. */
const verdict =
  /^Fidelity:|client.(?:timing|limited|strained|clean)|the client was|class="bad"|load thread|read lag|machine/i;
/** Values that may be missing: marks of a busy client, rates of tokens that arrived in one read. */
const optional = /\.client_limited|\.fidelity\.(?:reasons|verdict)|^profiling.*_throughput_per_user/;
const exactCell = /\((tokens|requests|%)\)|,(tokens|requests|%),/;

/** The lines of a file, by file type. */
export function fileLines(path: string, bytes: Buffer, home: string): string[] {
  if (path.endsWith('.png')) return [`PNG of ${bytes.readUInt32BE(16)} x ${bytes.readUInt32BE(20)}`];
  const text = bytes.toString('utf8');
  const lines = text.split('\n');
  if (path.endsWith('inputs.json')) return lines;
  if (path.endsWith('.json')) return [...jsonLines(text, '', home), `ends ${JSON.stringify(text.slice(-2))}`];
  if (path.endsWith('.jsonl')) return [...recordLines(lines, home), `ends ${JSON.stringify(lines.at(-1))}`];
  if (path.endsWith('.csv')) return lines.map((line) => tableLine(line, home));
  return /\.(html|svg)$/.test(path) ? markupLines(text, home) : printedLines(text, home);
}

/** The output or log of a command. */
export function printedLines(text: string, home: string): string[] {
  const lines = text.replace(/[│┃╭╮╰╯├┤┏┓┡┩┗┛└┘┳┻╇┴┬┼─━]+/g, '|').split('\n');
  return lines
    .map((line) => line.replace(/ +/g, ' ').trim())
    .filter((line) => !verdict.test(line))
    .map((line) => tableLine(line, home));
}

function tableLine(line: string, home: string): string {
  return exactCell.test(line) && !timed.test(line) ? unnamed(line, home) : masked(line, home);
}

/** `path: value` of every leaf, in file order. */
function jsonLines(text: string, path: string, home: string): string[] {
  // Each number becomes a string that starts with `#`: this distinguishes 1 from 1.0 and keeps times beyond 2^53.
  const marked = text.replace(/"(?:[^"\\]|\\.)*"|-?\d[\d.eE+-]*/g, (token) =>
    token.startsWith('"') ? token : `"#${token}"`,
  );
  return [...leaves(JSON.parse(marked), path, home)].filter((line) => !optional.test(line));
}

function* leaves(value: unknown, path: string, home: string, unit?: string): Generator<string> {
  if (typeof value === 'object' && value !== null) {
    const entries = Object.entries(value);
    if (entries.length === 0) yield `${path}: ${JSON.stringify(value)}`;
    else if (Array.isArray(value) && value.every((item) => `${item}`.startsWith('#'))) {
      yield `${path}: ${entries.length} numbers`;
    } else {
      const own = 'unit' in value && typeof value.unit === 'string' ? value.unit : unit;
      for (const [key, inner] of entries) yield* leaves(inner, `${path}.${key}`, home, own);
    }
  } else if (typeof value === 'string' && value.startsWith('#')) {
    yield `${path}: ${numberText(value.slice(1), path, unit)}`;
  } else yield `${path}: ${timed.test(path) ? typeof value : masked(JSON.stringify(value), home)}`;
}

/** The number if a run with one seed reproduces it, else its form. */
function numberText(number: string, path: string, unit: string | undefined): string {
  if (timed.test(path)) return 'number';
  const isExact = unit === undefined ? !number.includes('.') && number.length < 10 : exactUnits.test(unit);
  if (isExact && !/_(ns|ms|seconds|s)$/.test(path)) return number;
  return /[.e]/.test(number) ? 'float' : number.length > 12 ? 'time' : 'integer';
}

/** Records are in order of completion: sort them by what was sent. */
function recordLines(lines: readonly string[], home: string): string[] {
  return lines
    .filter(Boolean)
    .map((line) => {
      const key = ['benchmark_phase', 'session_num', 'turn_index']
        .map((name) => new RegExp(`"${name}":"?(\\w+)`).exec(line)?.[1]?.padStart(4, '0') ?? '')
        .join(' ');
      return { key, lines: jsonLines(line, key, home) };
    })
    .sort((a, b) => (a.key < b.key ? -1 : 1))
    .flatMap((record) => record.lines);
}

/** Distinct elements and texts, and the chart data of a page, without what depends only on the data. */
function markupLines(text: string, home: string): string[] {
  const data = [...text.matchAll(/ id="([\w-]*data)">([^<]+)</g)].flatMap(([, id = '', packed = '']) =>
    jsonLines(gunzipSync(Buffer.from(packed, 'base64')).toString(), id, home),
  );
  const marks = text
    .replace(/<(script|style)\b[^>]*>[\s\S]*?<\/\1>/g, '')
    .replace(/ (d|points|transform|viewBox)="[^"]*"/g, ' $1')
    .split(/(?=<)/)
    .filter((line) => !/^<\/|^<(path|circle|rect|line|g|polyline|polygon|image)\b| lanes?$/.test(line))
    .filter((line) => !verdict.test(line))
    .map((line) =>
      masked(line.replace(/^<text[^>]*>/, ''), home)
        .replace(/[\d.,-]+/g, 'N')
        .trim(),
    );
  return [...new Set([...marks, ...data.map((line) => line.replace(/\d+|float|integer/g, 'N'))])].sort();
}

/** Masks names that a run generates: IDs, folders, ports, times. */
function unnamed(text: string, home: string): string {
  return text
    .replaceAll(home, 'HOME')
    .replace(/[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}/g, 'UUID')
    .replace(/sha256-[\w+/=]+/g, 'SHA256')
    .replace(/127\.0\.0\.1:\d+/g, 'SERVER')
    .replace(/\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(\.\d+)?Z?|\d\d:\d\d:\d\d(\.\d+)?|\d{19}/g, 'TIME');
}

function masked(text: string, home: string): string {
  return unnamed(text, home)
    .replace(/[-+]?\d[\d,]*\.\d+(e[-+]\d+)?/g, 'N')
    .replace(/\d{16,}/g, 'TIME')
    .replace(/\b(?=[0-9a-f]*\d)[0-9a-f]{8,32}\b/g, 'ID')
    .replace(/(worker|record_processor)_\w+/g, '$1');
}
