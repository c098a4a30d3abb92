import type { LookupAddress } from 'node:dns';
import { describe, expect, it } from 'vitest';
import { DnsCache } from '../../src/transport/dns-cache.js';

function resolve(cache: DnsCache, host: string): Promise<readonly LookupAddress[]> {
  return new Promise((done, fail) => {
    cache.resolve(host, (error, addresses) => (error === null ? done(addresses) : fail(error)));
  });
}

const v4 = { address: '127.0.0.1', family: 4 };
const v6 = { address: '::1', family: 6 };

describe('the DNS cache', () => {
  it('knows literals without asking', () => {
    const cache = new DnsCache('auto', () => 0);
    expect([cache.known('127.0.0.1'), cache.known('::1'), cache.known('localhost')]).toEqual([
      [v4],
      [v6],
      undefined,
    ]);
  });

  it('gives localhost both addresses, and tries the one that worked first', async () => {
    const cache = new DnsCache('auto', () => 0);
    expect(await resolve(cache, 'localhost')).toHaveLength(2);
    for (const preferred of [v6, v4]) {
      cache.prefer('localhost', preferred.address);
      expect(cache.known('localhost')).toEqual([preferred, preferred === v6 ? v4 : v6]);
    }
  });

  it('keeps to one family where asked to', async () => {
    const cache = new DnsCache(4, () => 0);
    expect(await resolve(cache, 'localhost')).toEqual([v4]);
  });

  it('forgets after 300 s', async () => {
    let nowNs = 5e9;
    const cache = new DnsCache('auto', () => nowNs);
    await resolve(cache, 'localhost');
    nowNs = 305e9 - 1;
    expect(cache.known('localhost')).toHaveLength(2);
    nowNs = 305e9;
    expect(cache.known('localhost')).toBeUndefined();
  });

  it('shares a lookup between those that ask together, failures too, and does not keep a failure', async () => {
    const cache = new DnsCache('auto', () => 0);
    const [one, two] = await Promise.all([resolve(cache, 'localhost'), resolve(cache, 'localhost')]);
    expect(one).toBe(two);
    const failures = await Promise.allSettled([resolve(cache, 'x.invalid'), resolve(cache, 'x.invalid')]);
    expect(failures.map((failure) => failure.status)).toEqual(['rejected', 'rejected']);
    expect(cache.known('x.invalid')).toBeUndefined();
  });
});
