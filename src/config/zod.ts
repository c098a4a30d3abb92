/** The parts of zod that we use: the build bundles these only. */
export {
  array,
  boolean,
  custom,
  enum,
  type infer,
  int,
  json,
  number,
  object,
  record,
  strictObject,
  string,
  union,
  type ZodType,
} from 'zod';
