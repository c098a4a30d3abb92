import { existsSync, readdirSync, realpathSync, statSync } from 'node:fs';
import { basename, dirname, join, relative, resolve, sep } from 'node:path';
import { UserError } from '../../util/errors.js';

/**
 * Checks where the whole run is to be written.
 * @param dirs folders of the shards, as they were named.
 * @throws UserError for a file, a folder that holds something, and one that is, or is in, the folder of a shard.
 */
export function requireNewFolder(target: string, dirs: readonly string[]): void {
  const hint = 'Name a new folder with --artifact-dir.';
  const folder = realPath(resolve(target));
  for (const dir of dirs) {
    const path = relative(realPath(resolve(dir)), folder);
    if (path === '') throw new UserError(`--artifact-dir is the folder of a shard, '${dir}'.`, hint);
    if (path.split(sep)[0] !== '..')
      throw new UserError(`--artifact-dir is inside the folder of a shard, '${dir}'.`, hint);
  }
  if (!existsSync(folder)) return;
  if (!statSync(folder).isDirectory()) throw new UserError(`'${target}' is a file, not a folder.`, hint);
  if (readdirSync(folder).length > 0) throw new UserError(`'${target}' is not empty.`, hint);
}

/** Without links, as far as the path exists. */
function realPath(path: string): string {
  if (existsSync(path)) return realpathSync(path);
  const above = dirname(path);
  return above === path ? path : join(realPath(above), basename(path));
}
