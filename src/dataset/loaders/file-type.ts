import { findCallTrace } from './call-traces.js';
import { detectType } from './detect.js';
import type { DatasetType } from './format.js';
import { formatOf } from './formats.js';
import { readRowHead } from './row-file.js';
import { tableRows } from './table-rows.js';
import { containerOf, requireContainer, tableTypeOf } from './table-type.js';

/**
 * The type of a file, from its first row.
 * @param wanted absent: detected. @throws UserError if no type or several match, or if a named one needs another kind
 * of file.
 */
export async function fileTypeOf(path: string, wanted?: DatasetType): Promise<DatasetType> {
  const calls = await findCallTrace(path, false, wanted);
  if (calls !== undefined) return calls.type;
  const kind = await containerOf(path);
  requireContainer(path, kind, wanted);
  if (kind === 'json') return wanted ?? detectType(await readRowHead(path, 1));
  const found: { type?: DatasetType } = {};
  const rows = tableRows(path, kind, (columns) => {
    found.type = tableTypeOf(path, kind, columns, wanted);
    return formatOf(found.type);
  });
  await rows.next();
  await rows.return(undefined);
  return found.type ?? tableTypeOf(path, kind, [], wanted);
}
