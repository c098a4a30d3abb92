import type { Socket } from 'node:net';
import { Agent, buildConnector, type Dispatcher, EnvHttpProxyAgent, errors, Pool } from 'undici';
import { DnsCache } from './dns-cache.js';
import { openSecureContext } from './tls-context.js';
import type { TransportOptions } from './transport.js';

/** Times of a new connection, ns; NaN for a lookup that was not needed. */
export interface ConnectTimes {
  dnsStartNs: number;
  dnsEndNs: number;
  startNs: number;
  endNs: number;
}

/**
 * Creates undici agents from our options, each with a limit of connections per origin. Times of connections that they
 * make themselves (not through a proxy) are written to `made`.
 */
export function dispatcherMaker(
  options: TransportOptions,
  made: WeakMap<Socket, ConnectTimes>,
): (connections: number) => Dispatcher {
  const ours = connectOptions(options);
  const settings = {
    connect: timedConnector(options, ours, made),
    allowH2: options.http2,
    keepAliveTimeout: options.keepAliveMs,
    keepAliveMaxTimeout: options.keepAliveMs,
    bodyTimeout: 0,
    headersTimeout: 0,
    maxHeaderSize: options.limits.headerBytes,
  };
  const { proxies } = options;
  if (proxies === undefined) return (connections) => new Agent({ ...settings, connections });
  const tls = { proxyTls: { ...ours, allowH2: false }, requestTls: ours };
  // Empty means none; absent would make undici read the environment.
  const { http = '', https = '', except: noProxy } = proxies;
  const through = { httpProxy: http, httpsProxy: https, noProxy, factory: poolThatGivesUp };
  return (connections) => new EnvHttpProxyAgent({ ...settings, ...tls, ...through, connections });
}

/**
 * Undici connects again for ever, without a pause, where a proxy closes the connection before the tunnel stands: only
 * errors of another class end the requests that wait for it.
 */
function poolThatGivesUp(origin: string | URL, options: Pool.Options): Dispatcher {
  const { connect } = options;
  if (typeof connect !== 'function') return new Pool(origin, options);
  return new Pool(origin, {
    ...options,
    connect: (target, callback) =>
      connect(target, (...[error, socket]) => {
        if (error === null) callback(null, socket);
        else callback(error instanceof errors.SocketError ? tunnelError(error) : error, null);
      }),
  });
}

function tunnelError(cause: Error): Error {
  return new Error('the proxy closed the connection before the tunnel to the server stood', { cause });
}

function connectOptions({
  tls,
  http2,
  connectTimeoutMs,
  unixSocket,
}: TransportOptions): buildConnector.BuildOptions {
  return {
    secureContext: openSecureContext(tls),
    rejectUnauthorized: tls.verify,
    allowH2: http2,
    timeout: connectTimeoutMs,
    ...(unixSocket === undefined ? {} : { socketPath: unixSocket }),
  };
}

function timedConnector(
  options: TransportOptions,
  ours: buildConnector.BuildOptions,
  made: WeakMap<Socket, ConnectTimes>,
): buildConnector.connector {
  const { nowNs, unixSocket, ipVersion } = options;
  const dns = new DnsCache(ipVersion, nowNs);
  const connect = buildConnector({
    ...ours,
    autoSelectFamily: true,
    autoSelectFamilyAttemptTimeout: 2000,
    // Only called for names that `dns` has just resolved.
    lookup: (host, _options, done) => done(null, [...(dns.known(host) ?? [])]),
  });
  return (target, callback) => {
    const times = { dnsStartNs: Number.NaN, dnsEndNs: Number.NaN, startNs: nowNs(), endNs: Number.NaN };
    const open = () => {
      connect(target, (...[error, socket]) => {
        times.endNs = nowNs();
        if (error !== null) {
          callback(error, null);
          return;
        }
        if (socket.remoteAddress !== undefined) dns.prefer(target.hostname, socket.remoteAddress);
        made.set(socket, times);
        callback(null, socket);
      });
    };
    if (unixSocket !== undefined || dns.known(target.hostname) !== undefined) {
      open();
      return;
    }
    times.dnsStartNs = times.startNs;
    dns.resolve(target.hostname, (error) => {
      times.dnsEndNs = nowNs();
      times.startNs = times.dnsEndNs;
      if (error === null) open();
      else callback(error, null);
    });
  };
}
