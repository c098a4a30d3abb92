/** What we use of zod. The build puts it in here: loading all of zod takes a tenth of the time before the first request. */
export { array, boolean, custom, enum, int, json, number, record, string, union, type ZodType } from 'zod';
