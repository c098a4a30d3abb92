import { readFileSync, rmSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { writeBundles } from './licences.js';

/** The programs of the package, each of a process or a thread. */
export const entries = [
  'cli',
  'load/thread',
  'load/preparation-thread',
  'load/indexing-thread',
  'commands/profile/collector-entry',
  'commands/profile/telemetry-entry',
  'collect/count-thread',
  'traffic/recorder-thread',
  'commands/doctor/stub-server',
  'views/process',
];

const requireForCommonJs =
  "import { createRequire } from 'node:module'; const require = createRequire(import.meta.url);";

/**
 * Bundles the program with the used parts of the libraries that it loads at its start: each process and thread then
 * loads a few files instead of hundreds, which took half of the time before the first request. What is imported on
 * demand stays in files of its own, and the dependencies of package.json stay packages.
 */
export async function bundleProgram(): Promise<void> {
  const inPackage = (path: string) => fileURLToPath(new URL(`../../${path}`, import.meta.url));
  const { dependencies } = JSON.parse(readFileSync(inPackage('package.json'), 'utf8'));
  rmSync(inPackage('dist/chunks'), { recursive: true, force: true });
  // One by one: chunks that they share would be more and smaller ones.
  for (const entry of entries) {
    await writeBundles({
      entryPoints: [inPackage(`src/${entry}.ts`)],
      outbase: inPackage('src'),
      outdir: inPackage('dist'),
      chunkNames: 'chunks/[name]-[hash]',
      splitting: true,
      format: 'esm',
      platform: 'node',
      target: 'node20.19',
      mainFields: ['module', 'main'],
      // Ink asks for its debugger only where the variable DEV is `true`. Its layout engine, yoga-layout, is a dependency
      // that no module of ours imports (see knip.json): it comes without the text of its licence, so it is not bundled.
      external: [...Object.keys(dependencies), 'react-devtools-core'],
      define: { 'process.env.NODE_ENV': '"production"' },
      // CommonJS modules that Ink uses require modules of Node.js.
      ...(entry === 'views/process' ? { banner: { js: requireForCommonJs } } : {}),
    });
  }
}
