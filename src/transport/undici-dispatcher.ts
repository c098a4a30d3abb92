import type { Socket } from 'node:net';
import { Agent, buildConnector, type Dispatcher, EnvHttpProxyAgent } from 'undici';
import type { DnsCache } from './dns-cache.js';
import type { TransportOptions } from './transport.js';

/** When a connection was made, ns; NaN for a lookup that was not needed. */
export interface ConnectTimes {
  dnsStartNs: number;
  dnsEndNs: number;
  startNs: number;
  endNs: number;
}

/** An undici agent by our options. Into `made` go the times of the connections that it makes itself (not a proxy's). */
export function openDispatcher(
  options: TransportOptions,
  connections: number,
  dns: DnsCache,
  made: WeakMap<Socket, ConnectTimes>,
): Dispatcher {
  const settings = {
    connections,
    connect: timedConnector(options, dns, made),
    allowH2: options.http2,
    keepAliveTimeout: options.keepAliveMs,
    keepAliveMaxTimeout: options.keepAliveMs,
    bodyTimeout: 0,
    headersTimeout: 0,
    maxHeaderSize: 65_536,
  };
  if (!options.proxyFromEnvironment) return new Agent(settings);
  const ca = options.tls.ca === undefined ? {} : { ca: options.tls.ca };
  const proxyTls = { ...ca, rejectUnauthorized: options.tls.verify, timeout: options.connectTimeoutMs };
  return new EnvHttpProxyAgent({ ...settings, proxyTls, requestTls: connectOptions(options) });
}

function connectOptions({ tls, http2, connectTimeoutMs, unixSocket }: TransportOptions) {
  const { verify, ...files } = tls;
  return {
    ...files,
    rejectUnauthorized: verify,
    allowH2: http2,
    timeout: connectTimeoutMs,
    ...(unixSocket === undefined ? {} : { socketPath: unixSocket }),
  };
}

function timedConnector(
  options: TransportOptions,
  dns: DnsCache,
  made: WeakMap<Socket, ConnectTimes>,
): buildConnector.connector {
  const { nowNs, unixSocket } = options;
  const connect = buildConnector({
    ...connectOptions(options),
    autoSelectFamily: true,
    autoSelectFamilyAttemptTimeout: 2000,
    // Only ever asked for what `dns` has just resolved.
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
