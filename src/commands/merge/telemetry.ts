import { copyFileSync, existsSync } from 'node:fs';
import { dirname } from 'node:path';
import { LineFile } from '../../export/line-file.js';
import type { FileKey, RunFiles } from '../../run/files.js';
import type { ServerView } from '../../run/server-view.js';
import { CLIENT } from '../../telemetry/client-metrics.js';
import { isObject, objectIn } from '../../util/json.js';
import { readLines } from '../../util/lines.js';
import { makeFolder } from '../../util/make-folder.js';
import type { OpenedShard } from './open-shards.js';

const serverFiles: readonly FileKey[] = [
  ...(['serverMetricsCsv', 'serverMetricsJson', 'serverMetricsJsonl', 'serverMetricsParquet'] as const),
  ...(['warmupServerMetrics', 'profilingServerMetrics'] as const),
];

/**
 * The shard whose server metrics are those of the whole run: every shard reads the same servers, which count the requests
 * of all. Undefined where none has any.
 */
export function readerOfServers(shards: readonly OpenedShard[]): OpenedShard | undefined {
  return shards.find(({ files }) => serverFiles.some((key) => existsSync(files[key])));
}

/** Copies what one shard read of the servers. @throws the file system's error */
export function copyServerMetrics(reader: OpenedShard, out: RunFiles): void {
  for (const key of serverFiles) copyIfThere(reader.files[key], out[key]);
}

/** Copies a file, where there is one. @throws the file system's error */
export function copyIfThere(from: string, to: string): void {
  if (!existsSync(from)) return;
  makeFolder(dirname(to));
  copyFileSync(from, to);
}

/** What servers counted, without the client's counts beside it: those are of one shard. */
export function withoutClient(views: readonly ServerView[]): readonly ServerView[] {
  const alone = <Both extends { readonly client?: unknown }>(both: Both | undefined) =>
    both && { ...both, client: undefined };
  return views.map((view) => ({
    ...view,
    requestsFinished: alone(view.requestsFinished),
    promptTokens: alone(view.promptTokens),
    generationTokens: alone(view.generationTokens),
    timeToFirstToken: alone(view.timeToFirstToken),
    interTokenLatency: alone(view.interTokenLatency),
    requestLatency: alone(view.requestLatency),
    explained: ['Counts are not compared: they were read during one shard, and include the requests of all.'],
  }));
}

/** Puts the series of all shards into one file: those of each client with its shard, and those of servers and GPUs once. */
export function mergeSeries(
  shards: readonly OpenedShard[],
  reader: OpenedShard | undefined,
  path: string,
): void {
  const files = shards.filter(({ files: { series } }) => existsSync(series));
  if (files.length === 0) return;
  const out = new LineFile(path);
  let nextId = 0;
  for (const shard of files) {
    const ids = new Map<number, number>();
    const keepsAll = shard === (reader ?? files[0]);
    for (const { text } of readLines(shard.files.series)) {
      const line = objectIn(text);
      if (line === undefined) continue;
      const { id, source, labels, ids: seen, values } = line;
      if (typeof id === 'number') {
        ids.delete(id);
        if (!keepsAll && source !== CLIENT) continue;
        ids.set(id, nextId++);
        const own =
          source === CLIENT ? { ...(isObject(labels) ? labels : {}), shard: String(shard.index) } : labels;
        out.add(`${JSON.stringify({ ...line, id: ids.get(id), labels: own })}\n`);
        continue;
      }
      const time = /^\{"timestamp_ns":\d+,/.exec(text)?.[0];
      if (time === undefined || !Array.isArray(seen) || !Array.isArray(values)) continue;
      const kept = seen.flatMap((one, place) => {
        const merged = typeof one === 'number' ? ids.get(one) : undefined;
        return merged === undefined ? [] : [[merged, values[place]] as const];
      });
      if (kept.length === 0) continue;
      out.add(
        `${time}"ids":${JSON.stringify(kept.map(([one]) => one))},"values":${JSON.stringify(kept.map(([, value]) => value))}}\n`,
      );
    }
  }
  out.close();
}

/** Puts the GPUs that all shards read into one file, each as the first shard that saw it did. */
export function mergeGpus(shards: readonly OpenedShard[], path: string): void {
  const files = shards.filter(({ files: { gpu } }) => existsSync(gpu));
  if (files.length === 0) return;
  const readers = new Map<string, number>();
  const out = new LineFile(path);
  for (const {
    index,
    files: { gpu },
  } of files) {
    for (const { text, ended } of readLines(gpu)) {
      const line = ended ? objectIn(text) : undefined;
      if (line === undefined) continue;
      const { telemetry_source_url: source, gpu_uuid: uuid, gpu_index: number } = line;
      const key = JSON.stringify([source, uuid, number]);
      if (!readers.has(key)) readers.set(key, index);
      if (readers.get(key) === index) out.add(`${text}\n`);
    }
  }
  out.close();
}
