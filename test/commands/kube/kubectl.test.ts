import { chmodSync, existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { aiperf, panelText, temporaryFolder } from '../../e2e/aiperf.js';

// The user's kubectl: notes its arguments, shows the objects of a file, then those of later ones, and the events of another,
// and follows a log that does not end by itself, but that of the Pod `aiperf-a`.
const script = `#!/bin/sh
echo "$*" >> calls
case "$*" in
*' get pods,'*)
  cat objects.json
  for later in later-*.json; do if [ -e $later ]; then mv $later objects.json; break; fi; done ;;
*' get events '*) cat events.json 2>/dev/null || { echo 'events is forbidden' >&2; exit 1; } ;;
*' logs aiperf-a '*) echo 'Request 1 of 9' ;;
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
  /** The Job it belongs to. */
  readonly job?: string;
}

/** A Pod as the API has it. */
const pod = (
  name: string,
  { component, index, status, created = '2026-11-29T10:00:00Z', job }: PodState,
) => ({
  kind: 'Pod',
  metadata: {
    ...{ name, uid: `uid-of-${name}`, creationTimestamp: created },
    ...(job === undefined ? {} : { ownerReferences: [{ uid: `uid-of-${job}` }] }),
    labels: {
      ...(component === undefined ? {} : { 'app.kubernetes.io/component': component }),
      ...(index === undefined ? {} : { 'batch.kubernetes.io/job-completion-index': index }),
    },
  },
  spec: { nodeName: 'node-0' },
  status,
});
const running = { phase: 'Running', containerStatuses: [{ restartCount: 0, state: { running: {} } }] };

/** A Job as the API has it. */
const job = (name: string, component: string, spec: object, status: object = {}) => ({
  ...{ kind: 'Job', spec, status },
  metadata: { name, uid: `uid-of-${name}`, labels: { 'app.kubernetes.io/component': component } },
});

/** A warning about an object. */
const warning = (name: string, message: string, lastTimestamp: string) => ({
  ...{ involvedObject: { uid: `uid-of-${name}` }, message, lastTimestamp },
});

interface Cluster {
  readonly log?: string;
  /** Objects at the second look, and at further ones. */
  readonly later?: readonly (readonly object[])[];
  /** Absent: the user may not read events. */
  readonly events?: readonly object[];
}

/** Runs `aiperf kube` beside a kubectl of these objects. */
async function kube(
  words: readonly string[],
  objects: readonly object[],
  { log = '', later = [], events }: Cluster = {},
) {
  const folder = temporaryFolder();
  writeFileSync(join(folder, 'kubectl'), script);
  chmodSync(join(folder, 'kubectl'), 0o755);
  const laterFiles = Object.fromEntries(later.map((each, i) => [`later-${i}.json`, each]));
  const files = { 'objects.json': objects, 'events.json': events, ...laterFiles };
  for (const [name, items] of Object.entries(files))
    if (items !== undefined) writeFileSync(join(folder, name), JSON.stringify({ items }));
  writeFileSync(join(folder, 'log.txt'), log);
  const env = { PATH: `${folder}:${process.env.PATH}`, COLUMNS: '1000' };
  const ended = await aiperf(['kube', ...words, '--namespace', 'bench'], { cwd: folder, env });
  const calls = existsSync(join(folder, 'calls'))
    ? readFileSync(join(folder, 'calls'), 'utf8').trimEnd().split('\n')
    : [];
  return { ...ended, calls, folder };
}

const getObjects =
  '--namespace bench get pods,jobs,statefulsets --selector app.kubernetes.io/name=aiperf,app.kubernetes.io/instance=aiperf --output json';

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
      containerStatuses: [
        {
          restartCount: 0,
          state: { waiting: { reason: 'ImagePullBackOff', message: 'Back-off pulling image "i"' } },
        },
      ],
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
    expect([code, calls]).toEqual([0, [getObjects]]);
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
      ['shard 0', 'aiperf-agents-0-b', 'node-0', '0', 'ImagePullBackOff: Back-off pulling image "i"'],
      ['shard 1', 'aiperf-agents-1-a', 'node-0', '0', 'OOMKilled, exit code 137'],
      ['shard 1', 'aiperf-agents-1-x', 'node-0', '0', 'Pending: 0/3 nodes: no CPU'],
    ]);
  });

  it('says why Pods do not start, and why there are none', async () => {
    const waiting = {
      containerStatuses: [{ restartCount: 0, state: { waiting: { reason: 'ContainerCreating' } } }],
    };
    const objects = [
      job('aiperf', 'coordinator', {}),
      pod('aiperf-c', { component: 'coordinator', job: 'aiperf', status: { phase: 'Pending', ...waiting } }),
      // Of four indexes one has a Pod and its successor, one a Pod.
      job('aiperf-agents', 'agent', { completions: 4 }),
      pod('aiperf-agents-0-a', { component: 'agent', index: '0', job: 'aiperf-agents', status: running }),
      pod('aiperf-agents-0-b', { component: 'agent', index: '0', job: 'aiperf-agents', status: running }),
      pod('aiperf-agents-2-c', { component: 'agent', index: '2', job: 'aiperf-agents', status: running }),
      { ...job('aiperf-nats', 'nats', { replicas: 1 }), kind: 'StatefulSet' },
      job('late', 'agent', { completions: 2, suspend: true }),
      job('done', 'agent', {}, { conditions: [{ type: 'Failed', status: 'True', message: 'it ended' }] }),
    ];
    const events = [
      warning('aiperf-agents', 'exceeded quota: cpus', '2026-11-29T10:02:00Z'),
      warning('aiperf-agents', 'of old', '2026-11-29T10:01:00Z'),
      warning('aiperf-c', 'secret "aiperf-config" not found', '2026-11-29T10:01:00Z'),
    ];
    const { code, stdout, calls } = await kube(['status'], objects, { events });
    expect([code, calls]).toEqual([
      0,
      [getObjects, '--namespace bench get events --field-selector type=Warning --output json'],
    ]);
    expect(stdout).toContain(' ContainerCreating: secret "aiperf-config" not found ');
    expect(stdout.slice(stdout.indexOf('Job '))).toBe(
      [
        'Job aiperf-agents has 2 of 4 Pods: exceeded quota: cpus',
        'StatefulSet aiperf-nats has 0 of 1 Pods',
        'Job late has 0 of 2 Pods: it is suspended',
        'Job done has 0 of 1 Pods: it ended\n',
      ].join('\n'),
    );
    const unseen = await kube(['status'], objects);
    expect(unseen.stdout).toContain('\nJob aiperf-agents has 2 of 4 Pods\n');
  });

  it('says when there is no such run', async () => {
    const { code, stderr } = await kube(['status', '--name', 'nightly'], []);
    expect([code, panelText(stderr)]).toEqual([
      1,
      'There is no run nightly in the namespace bench Apply the output of aiperf kube manifest first, or name the run with --name.',
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
    const { code, stdout, calls } = await kube(['logs'], ofShards, { log: announced });
    expect([code, stdout]).toEqual([0, announced]);
    expect(calls).toEqual([getObjects, '--namespace bench logs aiperf-c --follow']);
  });

  it('waits for the Pod, then for its start, and says for what', async () => {
    const later = [[pod('aiperf-c', { component: 'coordinator', status: running })]];
    const cluster = { log: announced, later, events: [] };
    const { code, stdout, stderr } = await kube(['logs'], [job('aiperf', 'coordinator', {})], cluster);
    expect([code, stdout, stderr]).toEqual([
      0,
      announced,
      'Waiting for a Pod to start. Job aiperf has 0 of 1 Pods\n',
    ]);
  });

  it('goes on with the Pod that takes the place of one that was removed', async () => {
    const coordinator = { component: 'coordinator', created: '2026-11-29T10:05:00Z' };
    const successor = [pod('aiperf-b', { ...coordinator, status: running })];
    const follow = ['logs aiperf-a --follow', 'logs aiperf-b --follow'].map(
      (words) => `--namespace bench ${words}`,
    );
    const evicted = await kube(['logs'], [pod('aiperf-a', { ...coordinator, status: running })], {
      log: announced,
      later: [[job('aiperf', 'coordinator', {})], successor],
    });
    expect([evicted.code, evicted.stdout]).toEqual([0, `Request 1 of 9\n${announced}`]);
    expect(evicted.calls.filter((call) => call.includes(' logs '))).toEqual(follow);

    const terminated = { reason: 'Error', exitCode: 143 };
    const status = { phase: 'Failed', containerStatuses: [{ restartCount: 0, state: { terminated } }] };
    const gone = await kube(['logs'], [pod('aiperf-a', { ...coordinator, status })], {
      log: announced,
      later: [successor],
    });
    expect([gone.code, gone.stdout, gone.stderr]).toEqual([
      0,
      announced,
      'Waiting for a Pod to start. aiperf-a: Error, exit code 143\n',
    ]);
  });

  it('ends with the log of a Pod that has ended, and not with one that was cut short', async () => {
    const failed = { ...running, phase: 'Failed' };
    const agent = { component: 'agent', index: '0' };
    const over = await kube(['logs', '--shard', '0'], [pod('aiperf-a', { ...agent, status: failed })]);
    expect([over.code, over.stdout]).toEqual([0, 'Request 1 of 9\n']);
    const fetched = await kube(['fetch'], [pod('aiperf-a', { component: 'coordinator', status: running })], {
      later: [[pod('aiperf-a', { component: 'coordinator', status: failed })]],
    });
    expect([fetched.code, panelText(fetched.stderr)]).toEqual([
      1,
      'The log of aiperf-a ended before the run did ' +
        'See what happened with aiperf kube status, and try again if the Pod is still running.',
    ]);
  });

  it('does not wait for a Pod that will not come', async () => {
    const failed = { conditions: [{ type: 'Failed', status: 'True', message: 'Too many failed Pods' }] };
    const gone = await kube(['logs'], [job('aiperf', 'coordinator', {}, failed)], { events: [] });
    expect([gone.code, panelText(gone.stderr)]).toEqual([
      1,
      'The run aiperf has no Pod of the coordinator Job aiperf has 0 of 1 Pods: Too many failed Pods',
    ]);
    const none = await kube(['logs', '--shard', '7'], ofShards);
    expect([none.code, panelText(none.stderr)]).toEqual([
      1,
      'The run aiperf has no Pod of shard 7 See which Pods there are with aiperf kube status.',
    ]);
  });

  it('prints what there is of the newest agent of a shard', async () => {
    const { code, stdout, calls } = await kube(['logs', '--shard', '1', '--no-follow'], ofShards, {
      log: 'waiting\n',
    });
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
      { log: announced },
    );
    expect([code, stdout]).toEqual([
      3,
      'Copied the files of aiperf-p to here. The run ended with exit code 3.\n',
    ]);
    expect(calls.slice(1)).toEqual([
      '--namespace bench logs aiperf-p --follow --tail 50',
      '--namespace bench cp --retries 5 aiperf-p:/artifacts here',
      '--namespace bench exec aiperf-p -- touch /artifacts/.copied',
    ]);
    expect(existsSync(join(folder, 'here/run_config.json'))).toBe(true);
  });

  it('copies what an agent has kept', async () => {
    const agent = pod('aiperf-agents-1-a', { component: 'agent', index: '1', status: running });
    const { code, calls } = await kube(['fetch', '--shard', '1', '--output', 'here'], [agent], {
      log: announced,
    });
    expect([code, calls.slice(2)]).toEqual([
      3,
      [
        '--namespace bench cp --retries 5 aiperf-agents-1-a:/spool here',
        '--namespace bench exec aiperf-agents-1-a -- touch /spool/.copied',
      ],
    ]);
  });

  it('copies nothing from a Pod that has ended, nor into a folder with files', async () => {
    const ended = {
      phase: 'Succeeded',
      containerStatuses: [{ state: { terminated: { exitCode: 0, reason: 'Completed' } } }],
    };
    const late = await kube(['fetch'], [pod('aiperf-p', { status: ended })], { log: announced });
    expect([late.code, late.calls]).toEqual([1, [getObjects]]);
    expect(panelText(late.stderr)).toMatch(
      /^The Pod aiperf-p has ended \(Completed\), and files are copied from/,
    );
    const full = await kube(['fetch', '--output', '.'], [], { log: announced });
    expect([full.code, full.calls]).toEqual([1, []]);
    expect(panelText(full.stderr)).toBe('. is not empty Name a new folder with --output.');
  });
});
