import { randomBytes } from 'node:crypto';

/** What files and metrics call the record thread that loads this module: `record_processor_` and 8 hex digits. */
export const recordProcessorId = `record_processor_${randomBytes(4).toString('hex')}`;
