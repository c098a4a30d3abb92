/** The parts of zod that we use: the build bundles these only. */
export { array, boolean, custom, enum, int, json, number, record, string, union, type ZodType } from 'zod';
