import { readFileSync } from 'node:fs';
import { packageFile } from './package-file.js';

const manifest = JSON.parse(readFileSync(packageFile('package.json'), 'utf8'));

/** The package's version. */
export const version: string = manifest.version;

/** The version of Node.js, e.g. `20.20.2`, and the oldest that the package runs on. */
export const nodeVersion: string = process.versions.node;
export const requiredNode: string = manifest.engines.node.replace('>=', '');
