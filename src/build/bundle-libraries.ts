import { fileURLToPath } from 'node:url';
import { writeBundle } from './licences.js';

/**
 * Modules that the used parts of a library are bundled into: the package then needs no dependency, and they load fast.
 */
const modules = ['../charts/svg.js', '../config/zod.js'];

export async function bundleLibraries(): Promise<void> {
  await Promise.all(modules.map((module) => bundle(fileURLToPath(new URL(module, import.meta.url)))));
}

async function bundle(module: string): Promise<void> {
  await writeBundle({
    entryPoints: [module],
    outfile: module,
    format: 'esm',
    platform: 'neutral',
    mainFields: ['module', 'main'],
    target: 'es2022',
    define: { 'process.env.NODE_ENV': '"production"' },
  });
}
