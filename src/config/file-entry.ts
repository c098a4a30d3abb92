/** An option as a file gives it. */
export interface FileEntry {
  readonly value: unknown;
  /** The key as written. */
  readonly name: string;
  /** `file:line:column` of the key and of the value. */
  readonly at: string;
  readonly valueAt: string;
}

/** What a file says, before anything is made of it. */
export interface ConfigFile {
  readonly entries: ReadonlyMap<string, FileEntry>;
  /** A sentence for every key that is no option, or stands twice, and for text that is no YAML. */
  readonly errors: readonly string[];
  readonly warnings: readonly string[];
}
