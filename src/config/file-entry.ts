/** An option's value in a config file. */
export interface FileEntry {
  readonly value: unknown;
  /** The key as written. */
  readonly name: string;
  /** `file:line:column` of key and value. */
  readonly at: string;
  readonly valueAt: string;
}

/** A parsed config file, before its values are read. */
export interface ConfigFile {
  readonly entries: ReadonlyMap<string, FileEntry>;
  /** A sentence for each unknown key, duplicate key and YAML error. */
  readonly errors: readonly string[];
  readonly warnings: readonly string[];
}
