import { mergedRecords } from './cluster/merge.js';
import { sameResult } from './cluster/same.js';
import { shippedRecords } from './cluster/shipping.js';
import { startedRuns } from './cluster/start.js';
import { argument } from './measure/options.js';
import { openReport } from './measure/report.js';

// What a run on several machines costs: shipping records, the same result from three shards as from one, a merge of a
// million records, and the start. Agents are on the client's core where shares of a core are measured; NATS, coordinator
// and measured server are on the other, in place of machines of their own.

const report = openReport('cluster');
const only = argument('--only') ?? '';
const parts = { shipping: shippedRecords, same: sameResult, merge: mergedRecords, start: startedRuns };
for (const [name, measure] of Object.entries(parts)) if (name.includes(only)) await measure(report);
report.finish();
