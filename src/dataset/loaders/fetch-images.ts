import { messageOf, UserError } from '../../util/errors.js';
import type { Json } from '../../util/json.js';
import { Timeout } from '../../util/timeout.js';
import { imageType } from '../media/source.js';
import type { RowContext, RowFormat } from './format.js';
import { parseRow, readRow, rowError } from './read-row.js';
import { type RowFile, rowCount, rowFileOf } from './row-file.js';

const TIMEOUT_MS = 60_000;
const AT_A_TIME = 8;

/**
 * The file with every link to an image replaced by the image as a data URL; rows keep their line numbers. Each link is
 * fetched once.
 * @throws UserError for a malformed row, and for a link that leads to no PNG or JPEG image, naming file and line.
 */
export async function withFetchedImages(
  file: RowFile,
  format: RowFormat,
  context: RowContext,
  fetchFile: typeof fetch = fetch,
): Promise<RowFile> {
  const rowsByLink = new Map<string, number>();
  for (let row = 0; row < rowCount(file); row++) {
    for (const { media = [] } of readRow(file, row, format, context).turns) {
      for (const { kind, source } of media) {
        if (kind === 'image' && /^https?:\/\//i.test(source) && !rowsByLink.has(source))
          rowsByLink.set(source, row);
      }
    }
  }
  if (rowsByLink.size === 0) return file;
  const images = new Map<string, string>();
  const waiting = [...rowsByLink];
  const fetchNext = async () => {
    for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) {
      const [link, row] = next;
      try {
        images.set(link, await fetchImage(link, fetchFile));
      } catch (error) {
        const hint = 'check the link, or download the image and give its path';
        throw rowError(file, row, `the image ${hostOf(link)} cannot be fetched: ${messageOf(error)}`, hint);
      }
    }
  };
  await Promise.all(Array.from({ length: AT_A_TIME }, fetchNext));
  const replaced = (_key: string, value: Json) =>
    typeof value === 'string' ? (images.get(value) ?? value) : value;
  return rowFileOf(
    file.path,
    Array.from({ length: rowCount(file) }, (_, row) => ({
      line: file.lines[row] ?? 0,
      text: JSON.stringify(parseRow(file, row), replaced),
    })),
  );
}

async function fetchImage(link: string, fetchFile: typeof fetch): Promise<string> {
  const timeout = new AbortController();
  const timer = new Timeout(() => timeout.abort(new Error('no answer in 60 s')), TIMEOUT_MS);
  try {
    const response = await fetchFile(link, { signal: timeout.signal });
    if (!response.ok) throw new Error(`status ${response.status}`);
    const bytes = Buffer.from(await response.arrayBuffer());
    const type = imageType(bytes);
    if (type === undefined) throw new UserError('it is neither PNG nor JPEG');
    return `data:image/${type};base64,${bytes.toString('base64')}`;
  } catch (error) {
    // "fetch failed" does not explain anything; its cause does.
    throw error instanceof Error && error.cause instanceof Error ? error.cause : error;
  } finally {
    timer.clear();
  }
}

/** A link without its query, which may hold a signature. */
function hostOf(link: string): string {
  return URL.canParse(link) ? `${new URL(link).origin}${new URL(link).pathname}` : 'link';
}
