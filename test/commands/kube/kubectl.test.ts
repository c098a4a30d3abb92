import { chmodSync, existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { aiperf, panelText, temporaryFolder } from '../../e2e/aiperf.js';

// The user's kubectl: notes its arguments, shows the Pods of a file, and follows a log that does not end by itself.
const script = `#!/bin/sh
echo "$*" >> calls
case "$*" in
*' get pods '*) cat pods.json ;;
*' logs '*) cat log.txt; case "$*" in *--follow*) exec sleep 100 ;; esac ;;
*' cp '*) mkdir "$7" && echo '{}' > "$7/run_config.json" ;;
*' exec '*) ;;
*) echo 'error: unknown command' >&2; exit 1 ;;
esac
`;

interface PodState {
  readonly component?: string;
  readonly index?: string;
  readonly status: object;
  readonly created?: string;
}

/** A Pod as the API has it. */
const pod = (name: string, { component, index, status, created = '2026-11-29T10:00:00Z' }: PodState) => ({
  metadata: {
    ...{ name, creationTimestamp: created },
    labels: {
      ...(component === undefined ? {} : { 'app.kubernetes.io/component': component }),
      ...(index === undefined ? {} : { 'batch.kubernetes.io/job-completion-index': index }),
    },
  },
  spec: { nodeName: 'node-0' },
  status,
});
const running = { phase: 'Running', containerStatuses: [{ restartCount: 0, state: { running: {} } }] };

/** Runs `aiperf kube` beside a kubectl of these Pods and this log. */
async function kube(words: readonly string[], pods: readonly object[], log = '') {
  const folder = temporaryFolder();
  writeFileSync(join(folder, 'kubectl'), script);
  chmodSync(join(folder, 'kubectl'), 0o755);
  writeFileSync(join(folder, 'pods.json'), JSON.stringify({ items: pods }));
  writeFileSync(join(folder, 'log.txt'), log);
  const env = { PATH: `${folder}:${process.env.PATH}`, COLUMNS: '1000' };
  const ended = await aiperf(['kube', ...words, '--namespace', 'bench'], { cwd: folder, env });
  const calls = existsSync(join(folder, 'calls'))
    ? readFileSync(join(folder, 'calls'), 'utf8').trimEnd().split('\n')
    : [];
  return { ...ended, calls, folder };
}

const getPods =
  '--namespace bench get pods --selector app.kubernetes.io/name=aiperf,app.kubernetes.io/instance=aiperf --output json';

const ofShards = [
  pod('aiperf-agents-1-x', {
    ...{ component: 'agent', index: '1', created: '2026-11-29T10:05:00Z' },
    status: {
      phase: 'Pending',
      conditions: [{ type: 'PodScheduled', status: 'False', message: '0/3 nodes: no CPU' }],
    },
  }),
  pod('aiperf-agents-1-a', {
    ...{ component: 'agent', index: '1' },
    status: {
      phase: 'Failed',
      containerStatuses: [{ restartCount: 0, state: { terminated: { reason: 'OOMKilled', exitCode: 137 } } }],
    },
  }),
  pod('aiperf-agents-0-b', {
    ...{ component: 'agent', index: '0' },
    status: {
      phase: 'Pending',
      containerStatuses: [{ restartCount: 0, state: { waiting: { reason: 'ImagePullBackOff' } } }],
    },
  }),
  pod('aiperf-nats-0', {
    component: 'nats',
    status: { ...running, containerStatuses: [{ restartCount: 2, state: { running: {} } }] },
  }),
  pod('aiperf-c', { component: 'coordinator', status: running }),
];

const announced = 'Request 9 of 9\nThe run ended with exit code 3. This Pod waits 600 s\n';

describe('aiperf kube status', () => {
  it('shows each Pod: coordinator, NATS, shards in their order, a successor after its predecessor', async () => {
    const { code, stdout, calls } = await kube(['status'], ofShards);
    expect([code, calls]).toEqual([0, [getPods]]);
    const rows = stdout
      .split('\n')
      .filter((line) => line.startsWith('│'))
      .map((line) =>
        line
          .split('│')
          .slice(1, -1)
          .map((cell) => cell.trim()),
      );
    expect(rows).toEqual([
      ['coordinator', 'aiperf-c', 'node-0', '0', 'Running'],
      ['nats', 'aiperf-nats-0', 'node-0', '2', 'Running'],
      ['shard 0', 'aiperf-agents-0-b', 'node-0', '0', 'ImagePullBackOff'],
      ['shard 1', 'aiperf-agents-1-a', 'node-0', '0', 'OOMKilled, exit code 137'],
      ['shard 1', 'aiperf-agents-1-x', 'node-0', '0', 'Pending: 0/3 nodes: no CPU'],
    ]);
  });

  it('says when there is no such run', async () => {
    const { code, stderr } = await kube(['status', '--name', 'nightly'], []);
    expect([code, panelText(stderr)]).toEqual([
      1,
      'There is no Pod of a run nightly in the namespace bench Apply the output of aiperf kube manifest first, or name the run with --name.',
    ]);
  });

  it('passes on what kubectl complains about, and says where there is none', async () => {
    const folder = temporaryFolder();
    writeFileSync(join(folder, 'kubectl'), '#!/bin/sh\necho "Unable to connect to the server" >&2\nexit 1\n');
    chmodSync(join(folder, 'kubectl'), 0o755);
    const words = ['kube', 'status', '--namespace', 'bench'];
    const failing = await aiperf(words, { env: { PATH: `${folder}:/bin`, COLUMNS: '1000' } });
    expect([failing.code, panelText(failing.stderr)]).toEqual([
      1,
      'kubectl get failed: Unable to connect to the server Check the cluster and the namespace: kubectl --namespace bench get pods',
    ]);
    const missing = await aiperf(words, { env: { PATH: temporaryFolder(), COLUMNS: '1000' } });
    expect([missing.code, panelText(missing.stderr)]).toEqual([
      1,
      'kubectl is not on the PATH Install it: aiperf reaches a cluster only through your kubectl and its current context.',
    ]);
  });
});

describe('aiperf kube logs', () => {
  it("follows the coordinator's log, and returns when the run ended", async () => {
    const { code, stdout, calls } = await kube(['logs'], ofShards, announced);
    expect([code, stdout]).toEqual([0, announced]);
    expect(calls).toEqual([getPods, '--namespace bench logs aiperf-c --follow --pod-running-timeout 5m']);
  });

  it('prints what there is of the newest agent of a shard', async () => {
    const { code, stdout, calls } = await kube(
      ['logs', '--shard', '1', '--no-follow'],
      ofShards,
      'waiting\n',
    );
    expect([code, stdout]).toEqual([0, 'waiting\n']);
    expect(calls[1]).toBe('--namespace bench logs aiperf-agents-1-x');
  });
});

describe('aiperf kube fetch', () => {
  it('waits for the end of the run, copies its files, releases the Pod, and has the exit code of the run', async () => {
    const { code, stdout, calls, folder } = await kube(
      ['fetch', '--output', 'here'],
      // A run without shards has one Pod, without a component.
      [pod('aiperf-p', { status: running })],
      announced,
    );
    expect([code, stdout]).toEqual([
      3,
      'Copied the files of aiperf-p to here. The run ended with exit code 3.\n',
    ]);
    expect(calls.slice(1)).toEqual([
      '--namespace bench logs aiperf-p --follow --tail 50 --pod-running-timeout 5m',
      '--namespace bench cp --retries 5 aiperf-p:/artifacts here',
      '--namespace bench exec aiperf-p -- touch /artifacts/.copied',
    ]);
    expect(existsSync(join(folder, 'here/run_config.json'))).toBe(true);
  });

  it('copies nothing from a Pod that has ended, nor into a folder with files', async () => {
    const ended = {
      phase: 'Succeeded',
      containerStatuses: [{ state: { terminated: { exitCode: 0, reason: 'Completed' } } }],
    };
    const late = await kube(['fetch'], [pod('aiperf-p', { status: ended })], announced);
    expect([late.code, late.calls]).toEqual([1, [getPods]]);
    expect(panelText(late.stderr)).toMatch(
      /^The Pod aiperf-p has ended \(Completed\), and files are copied from/,
    );
    const full = await kube(['fetch', '--output', '.'], [], announced);
    expect([full.code, full.calls]).toEqual([1, []]);
    expect(panelText(full.stderr)).toBe('. is not empty Name a new folder with --output.');
  });
});
