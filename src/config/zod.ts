/** What we use of zod. The build puts it in here: loading all of zod takes 0.1 s of a start of 0.5. */
export { array, boolean, custom, enum, int, json, number, record, string, union, type ZodType } from 'zod';
