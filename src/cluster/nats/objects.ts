import { createHash } from 'node:crypto';
import type { ObjectStore } from '@nats-io/obj';

export function sha256(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}

/** Name of an object by the SHA-256 of its content. */
export function objectName(sha256: string): string {
  return `sha256-${sha256}`;
}

/** Stores bytes under their SHA-256, once. */
export async function putObject(store: ObjectStore, hash: string, bytes: Uint8Array): Promise<void> {
  const name = objectName(hash);
  if ((await store.info(name)) !== null) return;
  await store.putBlob({ name }, bytes);
}

/** @throws Error if it is missing or was changed. */
export async function objectOf(store: ObjectStore, hash: string): Promise<Uint8Array> {
  const bytes = await store.getBlob(objectName(hash));
  if (bytes === null) throw new Error(`NATS does not hold ${objectName(hash)}`);
  if (sha256(bytes) !== hash) throw new Error(`${objectName(hash)} was changed in NATS`);
  return bytes;
}
