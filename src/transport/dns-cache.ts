import { type LookupAddress, lookup } from 'node:dns';
import { isIP } from 'node:net';

type Done = (error: Error | null, addresses: readonly LookupAddress[]) => void;

/** Resolves host names and caches the results for 300 s. Concurrent requests share one lookup. */
export class DnsCache {
  readonly #family: 0 | 4 | 6;
  readonly #nowNs: () => number;
  readonly #entries = new Map<string, { addresses: LookupAddress[]; untilNs: number }>();
  readonly #pending = new Map<string, Done[]>();

  constructor(ipVersion: 4 | 6 | 'auto', nowNs: () => number) {
    this.#family = ipVersion === 'auto' ? 0 : ipVersion;
    this.#nowNs = nowNs;
  }

  /** The addresses of a literal or of a cached name, best first; undefined: call `resolve`. */
  known(host: string): readonly LookupAddress[] | undefined {
    const family = isIP(host);
    if (family !== 0) return [{ address: host, family }];
    const entry = this.#entries.get(host);
    return entry !== undefined && this.#nowNs() < entry.untilNs ? entry.addresses : undefined;
  }

  /** Asks the system. `done` is never called synchronously. */
  resolve(host: string, done: Done): void {
    const waiting = this.#pending.get(host);
    if (waiting !== undefined) {
      waiting.push(done);
      return;
    }
    const asking = [done];
    this.#pending.set(host, asking);
    lookup(host, { all: true, family: this.#family, verbatim: true }, (error, found) => {
      this.#pending.delete(host);
      const addresses = error === null ? this.#complete(host, found) : [];
      if (error === null) this.#entries.set(host, { addresses, untilNs: this.#nowNs() + 300e9 });
      for (const one of asking) one(error, addresses);
    });
  }

  /** Tries this address first from now on, because a connection to it succeeded. */
  prefer(host: string, address: string): void {
    this.#entries
      .get(host)
      ?.addresses.sort((a, b) => Number(b.address === address) - Number(a.address === address));
  }

  // A hosts file may list only one of localhost's two addresses while the server listens on the other.
  #complete(host: string, found: LookupAddress[]): LookupAddress[] {
    if (host !== 'localhost' || this.#family !== 0) return found;
    const loopbacks = [
      { address: '127.0.0.1', family: 4 },
      { address: '::1', family: 6 },
    ];
    const missing = loopbacks.filter(({ address }) => found.every((one) => one.address !== address));
    return [...found, ...missing];
  }
}
