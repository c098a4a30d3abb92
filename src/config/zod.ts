/**
 * The parts of zod that we use, inlined by the build: loading all of zod takes a tenth of the time before the
 * first request.
 */
export { array, boolean, custom, enum, int, json, number, record, string, union, type ZodType } from 'zod';
