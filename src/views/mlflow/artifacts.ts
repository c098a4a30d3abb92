import { readdirSync } from 'node:fs';
import { extname } from 'node:path';
import { globOf } from '../../util/glob.js';

/** As AIPerf: data files of the run's folder, pictures and pages at any depth. */
const defaultGlobs = [
  ...['*.json', '*.csv', '*.jsonl', '*.parquet'],
  ...['**/*.png', '**/*.jpg', '**/*.jpeg', '**/*.svg', '**/*.html'],
];

const plotEndings = new Set(['.png', '.jpg', '.jpeg', '.svg', '.gif', '.webp', '.html']);

/**
 * Files of a run's folder to upload: paths relative to it, with `/`. Hidden files, files that are being written and
 * those of an earlier run are left out.
 * @param globs empty: the usual ones.
 */
export function artifactsIn(folder: string, globs: readonly string[]): string[] {
  const patterns = (globs.length === 0 ? defaultGlobs : globs).map(globOf);
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map(({ parentPath, name }) => `${parentPath}/${name}`.slice(folder.length + 1).replaceAll('\\', '/'))
    .filter((path) => !/(^|\/)\.|^previous\/|\.(partial|part)$/.test(path))
    .filter((path) => patterns.some((pattern) => pattern.test(path)))
    .sort();
}

/** Where MLflow gets a file: `exports/` for data, `plots/` for pictures and pages. */
export function artifactPath(path: string): string {
  const root = plotEndings.has(extname(path).toLowerCase()) ? 'plots' : 'exports';
  return path.startsWith(`${root}/`) ? path : `${root}/${path}`;
}
