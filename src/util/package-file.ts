import { existsSync } from 'node:fs';

/** A file of this package. @param path relative to the folder of its package.json. */
export function packageFile(path: string): URL {
  return new URL(path, packageFolder);
}

// Not a fixed number of folders up: the build bundles this module into files of other folders.
const packageFolder = findPackageFolder(new URL('.', import.meta.url));

function findPackageFolder(folder: URL): URL {
  if (existsSync(new URL('package.json', folder))) return folder;
  const above = new URL('..', folder);
  if (above.href === folder.href) throw new Error('the package.json of this program is missing');
  return findPackageFolder(above);
}
