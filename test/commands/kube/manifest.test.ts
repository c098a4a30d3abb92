import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { StatefulSet } from 'kubernetes-models/apps/v1';
import { Job } from 'kubernetes-models/batch/v1';
import { NetworkPolicy } from 'kubernetes-models/networking.k8s.io/v1';
import { ConfigMap, Service } from 'kubernetes-models/v1';
import { describe, expect, it } from 'vitest';
import { parseAllDocuments } from 'yaml';
import { aiperf, panelText, temporaryFolder } from '../../e2e/aiperf.js';

const common = ['--image', 'registry.example.com/aiperf:0.1.0', '--namespace', 'bench'];
const golden = (name: string) => readFileSync(new URL(name, import.meta.url), 'utf8');

/** A folder with these files. */
function folderWith(files: Readonly<Record<string, string | Buffer>>): string {
  const folder = temporaryFolder();
  for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text);
  return folder;
}

/** What `aiperf kube manifest` prints in that folder. */
function manifest(cwd: string, args: readonly string[], env: Readonly<Record<string, string>> = {}) {
  return aiperf(['kube', 'manifest', '--config', 'run.yaml', ...common, ...args], { cwd, env });
}

/** Throws with the path and the reason of every value that the Kubernetes API would refuse. */
const validate: Readonly<Record<string, (object: object) => void>> = {
  ConfigMap: (object) => new ConfigMap(object).validate(),
  Job: (object) => new Job(object).validate(),
  NetworkPolicy: (object) => new NetworkPolicy(object).validate(),
  Service: (object) => new Service(object as ConstructorParameters<typeof Service>[0]).validate(),
  StatefulSet: (object) => new StatefulSet(object as ConstructorParameters<typeof StatefulSet>[0]).validate(),
};

/** Each object, validated. */
function validated(text: string): unknown[] {
  const objects = parseAllDocuments(text).map((document) => document.toJS());
  for (const object of objects) {
    const check = validate[object.kind];
    if (check === undefined) throw new Error(`no kind that is expected: ${object.kind}`);
    check(object);
  }
  return objects;
}

describe('aiperf kube manifest', () => {
  it('prints deploy/job.yaml from deploy/run.yaml', async () => {
    const run = readFileSync('deploy/run.yaml', 'utf8');
    const { code, stdout } = await manifest(folderWith({ 'run.yaml': run }), ['--service', 'vllm:8000'], {
      AIPERF_API_KEY: 'replace-me',
    });
    expect(code).toBe(0);
    expect(stdout).toBe(readFileSync('deploy/job.yaml', 'utf8'));
    expect(validated(stdout)).toMatchObject([{ kind: 'ConfigMap' }, { kind: 'Job' }]);
  });

  it('leaves the key to a Secret, carries the files it names, and uses the claim', async () => {
    const folder = folderWith({
      'run.yaml': `# nightly
model: m            # the served name
tokenizer: builtin
url: https://llm.example.com
api_key: sk-very-secret
input_file: rows.jsonl
tls-ca-file: authorities.pem
concurrency: 20
`,
      'rows.jsonl': '{"text": "one"}\n{"text": "two"}\n',
      'authorities.pem': '-----BEGIN CERTIFICATE-----\n',
    });
    const { code, stdout, stderr } = await manifest(folder, [
      ...[
        '--name',
        'nightly',
        '--claim',
        'results',
        '--cpus',
        '8',
        '--memory',
        '16Gi',
        '--wait-for-copy',
        '0',
      ],
    ]);
    expect({ code, stderr }).toEqual({
      code: 0,
      stderr:
        'The Job takes the API key (run.yaml:5:1: api_key) from a Secret. Create it before the Job: ' +
        'kubectl create secret generic nightly-api-key --namespace bench --from-literal=api-key="$AIPERF_API_KEY"\n',
    });
    expect(stdout).toBe(golden('nightly.yaml'));
    expect(validated(stdout)).toMatchObject([{ kind: 'ConfigMap' }, { kind: 'Job' }]);
    expect(stdout).not.toContain('sk-very-secret');
  });

  it.each([
    'benchmark: {model: m, endpoint: ENDPOINT, phases: PHASES}',
    'model: m\nendpoint: ENDPOINT\nphases: PHASES',
  ])("leaves the key of a file in AIPerf's form to a Secret: %s", async (text) => {
    const run = text
      .replace('ENDPOINT', '{url: "http://vllm:8000", apiKey: sk-very-secret}')
      .replace('PHASES', '[{name: profiling, type: concurrency, requests: 9}]');
    const folder = folderWith({ 'run.yaml': `${run}\n` });
    const { code, stdout } = await manifest(folder, []);
    expect(code).toBe(0);
    expect(stdout).not.toContain('sk-very-secret');
    expect(stdout).toContain('requests: 9');
  });

  it.each([
    [{ AIPERF_API_KEY: 'sk-2' }, false],
    [{}, true],
  ])('with %j the Secret of the key is optional: %s', async (env, optional) => {
    const folder = folderWith({ 'run.yaml': 'model: m\ntokenizer: builtin\nurl: http://vllm:8000\n' });
    const { code, stdout, stderr } = await manifest(folder, [], env);
    expect({ code, stderr }).toEqual({
      code: 0,
      stderr: optional
        ? ''
        : 'The Job takes the API key (AIPERF_API_KEY) from a Secret. Create it before the Job: ' +
          'kubectl create secret generic aiperf-api-key --namespace bench --from-literal=api-key="$AIPERF_API_KEY"\n',
    });
    expect(stdout).not.toContain('sk-2');
    const secretKeyRef = { name: 'aiperf-api-key', key: 'api-key', optional };
    const container = { env: [{ name: 'AIPERF_API_KEY', valueFrom: { secretKeyRef } }] };
    expect(validated(stdout)[1]).toMatchObject({ spec: { template: { spec: { containers: [container] } } } });
  });

  it.each([
    ['headers', 'header:\n  x-functions-key: hush\n', ''],
    ['the body', 'extra-inputs:\n  options:\n    password: hush\n', ''],
    [
      'a file of its own, the key of a client certificate',
      'tls-cert-file: cert.pem\ntls-key-file: key.pem\n',
      ' --from-file=tls-cert.pem=cert.pem --from-file=tls-key.pem=key.pem',
    ],
  ])(
    'takes a configuration with a secret in %s from a Secret that is not printed',
    async (_where, yaml, files) => {
      const folder = folderWith({
        'run.yaml': `model: m\ntokenizer: builtin\nurl: https://vllm:8000\n${yaml}`,
        ...{ 'cert.pem': 'a certificate', 'key.pem': 'hush' },
      });
      const { code, stdout, stderr } = await manifest(folder, []);
      expect({ code, stderr }).toEqual({
        code: 0,
        stderr:
          'The configuration holds secrets, so the Job takes it from a Secret. Create it before the Job: ' +
          `kubectl create secret generic aiperf-config --namespace bench --from-file=run.yaml=run.yaml${files}\n`,
      });
      expect(stdout).not.toContain('hush');
      const [job, ...others] = validated(stdout);
      expect(others).toEqual([]);
      expect(job).toMatchObject({
        spec: { template: { spec: { volumes: [{ secret: { secretName: 'aiperf-config' } }, {}] } } },
      });
    },
  );

  it('leaves a large dataset where the Pod has it', async () => {
    const folder = folderWith({
      'run.yaml': 'model: m\ntokenizer: builtin\ninput-file: rows.jsonl\n',
      'rows.jsonl': `{"text": "${'x'.repeat(300_000)}"}\n`,
    });
    const { code, stdout } = await manifest(folder, [
      ...['--service', 'vllm.inference:8000', '--input-path', '/artifacts/rows.jsonl'],
      ...['--claim', 'team.results'],
    ]);
    expect(code).toBe(0);
    const [files, job] = validated(stdout);
    expect(files).toMatchObject({ data: { 'run.yaml': expect.any(String) } });
    const args = [
      ...['kube', 'run', '--wait-for-copy', '600', '--namespace', 'bench', '--', 'profile'],
      ...['--config', '/etc/aiperf/run.yaml', '--input-file', '/artifacts/rows.jsonl'],
      ...['--artifact-dir', '/artifacts', '--url', 'http://vllm.inference:8000'],
    ];
    const volumes = [{}, { persistentVolumeClaim: { claimName: 'team.results' } }];
    expect(job).toMatchObject({ spec: { template: { spec: { containers: [{ args }], volumes } } } });
  });

  it('says which tokenizers the image must have', async () => {
    const folder = folderWith({ 'run.yaml': 'model: meta-llama/Llama-3.1-8B\nurl: http://vllm:8000\n' });
    expect(await manifest(folder, [])).toMatchObject({
      code: 0,
      stderr:
        'The tokenizer meta-llama/Llama-3.1-8B is not bundled with aiperf, and the Pod downloads nothing: it must be in the image.\n',
    });
  });
});

describe('aiperf kube manifest --shards', () => {
  it('prints deploy/shards.yaml from deploy/run.yaml', async () => {
    const run = readFileSync('deploy/run.yaml', 'utf8');
    const words = ['--service', 'vllm:8000', '--shards', '4', '--cpus', '8'];
    const { code, stdout } = await manifest(folderWith({ 'run.yaml': run }), words);
    expect(code).toBe(0);
    expect(stdout).toBe(readFileSync('deploy/shards.yaml', 'utf8'));
  });

  const yaml = 'model: m\ntokenizer: builtin\nurl: http://vllm:8000\nconcurrency: 40\n';
  const token = { name: 'AIPERF_NATS_TOKEN', valueFrom: { secretKeyRef: { name: 'load-nats-token' } } };
  const labels = (component: string) => ({
    'app.kubernetes.io/name': 'aiperf',
    'app.kubernetes.io/instance': 'load',
    'app.kubernetes.io/component': component,
  });

  it('prints NATS for this run only, an Indexed Job of agents and the coordinator, all restricted', async () => {
    const folder = folderWith({ 'run.yaml': yaml });
    const words = ['--name', 'load', '--shards', '3', '--cpus', '8', '--memory', '6Gi', '--claim', 'results'];
    const { code, stdout, stderr } = await manifest(folder, words);
    expect({ code, stderr }).toEqual({
      code: 0,
      stderr:
        'The Pods take the token of NATS from a Secret. Create it before the Jobs: ' +
        'kubectl create secret generic load-nats-token --namespace bench --from-literal=token="$(openssl rand -hex 24)"\n',
    });
    const [files, policy, service, nats, coordinator, agents, ...others] = validated(stdout);
    expect(others).toEqual([]);
    expect(files).toMatchObject({ kind: 'ConfigMap', metadata: { name: 'load-config', namespace: 'bench' } });

    const pods = (component: string) => ({ podSelector: { matchLabels: labels(component) } });
    expect(policy).toMatchObject({
      spec: {
        ...pods('nats'),
        policyTypes: ['Ingress', 'Egress'],
        ingress: [{ from: [pods('coordinator'), pods('agent')], ports: [{ port: 4222 }] }],
        egress: [],
      },
    });
    expect(service).toMatchObject({
      ...{ kind: 'Service', metadata: { name: 'load-nats' } },
      spec: { selector: labels('nats'), ports: [{ port: 4222 }] },
    });
    expect(nats).toMatchObject({
      kind: 'StatefulSet',
      spec: {
        ...{ replicas: 1, serviceName: 'load-nats', selector: { matchLabels: labels('nats') } },
        template: {
          metadata: { labels: labels('nats') },
          spec: {
            containers: [
              {
                image: 'docker.io/library/nats:2.12.1',
                args: ['--jetstream', '--store_dir=/data', '--port=4222', '--auth=$(AIPERF_NATS_TOKEN)'],
                env: [token],
                volumeMounts: [{ mountPath: '/data' }],
              },
            ],
            volumes: [{ name: 'data', emptyDir: {} }],
          },
        },
      },
    });
    const connection = ['--nats', 'nats://load-nats:4222', '--nats-wait', '600'];
    const size = { cpu: '8', memory: '6Gi' };
    const eviction = {
      action: 'Ignore',
      onPodConditions: [{ type: 'DisruptionTarget', status: 'True' }],
    };
    const handedOver = {
      action: 'Ignore',
      onExitCodes: { containerName: 'aiperf', operator: 'In', values: [143] },
    };
    expect(agents).toMatchObject({
      ...{ kind: 'Job', metadata: { name: 'load-agents', labels: labels('agent') } },
      spec: {
        ...{ completionMode: 'Indexed', completions: 3, parallelism: 3, backoffLimitPerIndex: 0 },
        ...{ podReplacementPolicy: 'Failed', podFailurePolicy: { rules: [eviction] } },
        template: {
          metadata: { labels: labels('agent') },
          spec: {
            topologySpreadConstraints: [
              {
                ...{ maxSkew: 1, topologyKey: 'kubernetes.io/hostname', whenUnsatisfiable: 'ScheduleAnyway' },
                labelSelector: { matchLabels: labels('agent') },
              },
            ],
            securityContext: { sysctls: [{ name: 'net.ipv4.ip_local_port_range', value: '1024 65535' }] },
            containers: [
              {
                args: [
                  ...['kube', 'run', '--artifacts', '/spool', '--wait-for-copy', '600'],
                  ...['--namespace', 'bench', '--if-files', '--'],
                  ...['agent', ...connection, '--run-id', 'load', '--once', '--spool-dir', '/spool'],
                ],
                env: [token, { name: 'POD_NAME' }],
                resources: { requests: size, limits: size },
              },
            ],
          },
        },
      },
    });
    expect(coordinator).toMatchObject({
      ...{ kind: 'Job', metadata: { name: 'load', labels: labels('coordinator') } },
      spec: {
        ...{
          backoffLimit: 0,
          podReplacementPolicy: 'Failed',
          podFailurePolicy: { rules: [eviction, handedOver] },
        },
        template: {
          spec: {
            containers: [
              {
                args: [
                  ...['kube', 'run', '--wait-for-copy', '600', '--namespace', 'bench', '--resumable'],
                  ...['--', 'profile', '--config', '/etc/aiperf/run.yaml', '--artifact-dir', '/artifacts'],
                  ...[...connection, '--shards', '3', '--run-id', 'load'],
                ],
                env: [{ name: 'AIPERF_API_KEY' }, token],
                resources: { requests: { cpu: '2', memory: '6Gi' } },
              },
            ],
            volumes: [{ name: 'config' }, { persistentVolumeClaim: { claimName: 'results' } }],
          },
        },
      },
    });
    // No role, and no Pod that could talk to the Kubernetes API, run as root or write to its image.
    for (const each of [nats, agents, coordinator]) {
      expect(each).toMatchObject({
        spec: {
          template: {
            metadata: {
              annotations: {
                'cluster-autoscaler.kubernetes.io/safe-to-evict': 'false',
                'karpenter.sh/do-not-disrupt': 'true',
              },
            },
            spec: {
              automountServiceAccountToken: false,
              securityContext: { runAsNonRoot: true, seccompProfile: { type: 'RuntimeDefault' } },
              containers: [
                {
                  securityContext: {
                    ...{ allowPrivilegeEscalation: false, readOnlyRootFilesystem: true },
                    capabilities: { drop: ['ALL'] },
                  },
                },
              ],
            },
          },
        },
      });
    }
  });

  it('replaces a Pod of a shard once, to join the measurement, with --rejoin', async () => {
    const { stdout } = await manifest(folderWith({ 'run.yaml': yaml }), ['--shards', '2', '--rejoin']);
    const [, , , , , agents] = validated(stdout);
    expect(agents).toMatchObject({
      ...{ kind: 'Job', metadata: { name: 'aiperf-agents' } },
      spec: {
        backoffLimitPerIndex: 1,
        template: { spec: { containers: [{ args: expect.arrayContaining(['--once', '--rejoin']) }] } },
      },
    });
  });

  it('takes another image and a claim for NATS, and a queue for the agents', async () => {
    const words = [
      '--shards',
      '2',
      '--nats-image',
      'registry.example.com/nats:2.9',
      '--nats-claim',
      'records',
    ];
    const { stdout } = await manifest(folderWith({ 'run.yaml': yaml }), [...words, '--queue', 'team']);
    const [, , , nats, coordinator, agents] = validated(stdout);
    expect(nats).toMatchObject({
      spec: {
        template: {
          spec: {
            containers: [{ image: 'registry.example.com/nats:2.9' }],
            volumes: [{ name: 'data', persistentVolumeClaim: { claimName: 'records' } }],
          },
        },
      },
    });
    expect(agents).toMatchObject({ metadata: { labels: { 'kueue.x-k8s.io/queue-name': 'team' } } });
    expect(JSON.stringify(coordinator)).not.toContain('kueue');
  });
});

describe('what is refused, before anything is printed', () => {
  const sound = 'model: m\ntokenizer: builtin\nurl: http://vllm:8000\n';

  it.each<[string, string, string[], string]>([
    [
      'names and quantities that Kubernetes would refuse',
      sound,
      [
        ...['--namespace', 'Bench_1', '--name', 'a_b', '--service', 'vllm:70000', '--memory', '4gb'],
        ...['--cpus', '1.5', '--claim', 'my_claim', '--input-path', 'rows.jsonl'],
      ],
      "--namespace must be the name of a namespace: lower-case letters, digits and hyphens, at most 63, got 'Bench_1'. " +
        "--name must be a name: lower-case letters, digits and hyphens, at most 63, got 'a_b'. " +
        "--service must be the name of a Service and its port, like vllm:8000, or vllm.inference:8000 in another namespace, got 'vllm:70000'. " +
        "--cpus must be an integer of at least 1, got '1.5'. " +
        "--memory must be an amount of memory with its unit, like 512Mi or 4Gi, got '4gb'. " +
        "--claim must be the name of a PersistentVolumeClaim: lower-case letters, digits, hyphens and dots, got 'my_claim'. " +
        "--input-path must be an absolute path in the Pod, got 'rows.jsonl'.",
    ],
    [
      'options of several shards without --shards',
      sound,
      ['--nats-claim', 'records', '--queue', 'team'],
      '--nats-claim needs --shards: without it there is one Pod. --queue needs --shards: without it there is one Pod.',
    ],
    [
      'a name that NATS of a run of shards cannot have',
      sound,
      ['--name', `9${'a'.repeat(47)}`, '--shards', '2'],
      '--name must have at most 47 characters with --shards, got 48. ' +
        `--name must begin with a letter with --shards, got '9${'a'.repeat(47)}'.`,
    ],
    [
      'a path for a dataset that the file does not have',
      sound,
      ['--input-path', '/artifacts/rows.jsonl'],
      '--input-path replaces the path of the input-file, and run.yaml has none ' +
        'Add input-file to it, or leave out --input-path.',
    ],
    [
      'a load that cannot be split',
      `${sound}min-shards: 5\n`,
      ['--shards', '4'],
      'run.yaml:4:1: min-shards must be at most --shards (4), got 5.',
    ],
    [
      'what profile would refuse',
      'model: m\nconcurency: 3\nosl-stddev: 3\n',
      [],
      "run.yaml:2:1: unknown key 'concurency'. Did you mean concurrency? " +
        'run.yaml:3:1: osl-stddev needs --osl, its mean.',
    ],
    [
      'a server on this machine',
      'model: m\nurl: 127.0.0.1:8000\n',
      [],
      'run.yaml:2:1: url is 127.0.0.1:8000, which inside a Pod is the Pod itself ' +
        'Set the server with --service NAME:PORT or the url of the config file.',
    ],
    [
      'no server at all',
      'model: m\n',
      [],
      '--url is http://localhost:8000, which inside a Pod is the Pod itself ' +
        'Set the server with --service NAME:PORT or the url of the config file.',
    ],
    [
      'a password in the URL',
      'model: m\nurl: http://me:hush@vllm:8000\n',
      [],
      '--url holds a user name or password, which would not be sent ' +
        "give them as a header: --header 'Authorization: Basic …', or --api-key for a bearer token",
    ],
    [
      'an API key that stands in a comment, too',
      `${sound}api-key: sk-3\n# was: sk-3\n`,
      [],
      'run.yaml also contains the API key elsewhere, visible to anyone who can read the ConfigMap ' +
        'Remove it from the file, and set the variable AIPERF_API_KEY instead.',
    ],
  ])('%s', async (_what, yaml, args, message) => {
    const { code, stdout, stderr } = await withoutDoubles(folderWith({ 'run.yaml': yaml }), args);
    expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
    expect(panelText(stderr)).toBe(message);
  });

  /** `manifest`, but an option in `args` replaces that of `common`. */
  function withoutDoubles(cwd: string, args: readonly string[]) {
    const rest = args.includes('--namespace') ? common.slice(0, 2) : common;
    return aiperf(['kube', 'manifest', '--config', 'run.yaml', ...rest, ...args], {
      cwd,
      env: { COLUMNS: '1000' },
    });
  }

  it('a call without image, namespace and file', async () => {
    const { code, stderr } = await aiperf(['kube', 'manifest'], { env: { COLUMNS: '1000' } });
    expect(code).toBe(1);
    expect(panelText(stderr)).toBe(
      '--config is required: name the YAML file that aiperf profile --config would take. ' +
        '--image is required: name an image built from deploy/Containerfile, e.g. --image registry.example.com/aiperf:0.1.0. ' +
        '--namespace is required: name the namespace to run in, e.g. --namespace bench.',
    );
  });

  it('a dataset that is too large, no text, or a folder', async () => {
    const yaml = (file: string) => `${sound}custom-dataset-type: random_pool\ninput-file: ${file}\n`;
    const wayOut = 'the image or on the claim, and set its path with --input-path.';
    const refused = async (name: string, content?: string | Buffer) => {
      const folder = folderWith({ 'run.yaml': yaml(name) });
      if (content === undefined) mkdirSync(join(folder, name));
      else writeFileSync(join(folder, name), content);
      const { code, stdout, stderr } = await withoutDoubles(folder, []);
      expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
      return panelText(stderr);
    };
    // 300,000 letters and a line end, the 92 bytes of run.yaml and what JSON puts around them
    expect(await refused('rows.jsonl', `${'x'.repeat(300_000)}\n`)).toMatch(
      /^The files of the run have 300\d\d\d bytes, and kubectl applies at most 260000 in one object Put the dataset into /,
    );
    expect(await refused('rows.jsonl', Buffer.from([0x1f, 0x8b, 0xff]))).toBe(
      'run.yaml:5:1: input-file rows.jsonl cannot be stored in a ConfigMap: The encoded data was not valid for encoding utf-8 ' +
        `Put it into ${wayOut}`,
    );
    expect(await refused('pool')).toBe(
      `run.yaml:5:1: input-file pool is not a file: it cannot be copied to the Pod Put it into ${wayOut}`,
    );
  });

  it('a tokenizer folder and a socket of this machine', async () => {
    const folder = folderWith({ 'run.yaml': `model: m\nurl: http://vllm:8000\ntokenizer: ./tok\n` });
    mkdirSync(join(folder, 'tok'));
    const { stderr } = await withoutDoubles(folder, []);
    expect(panelText(stderr)).toBe(
      'run.yaml:3:1: tokenizer: ./tok is a local folder, which the Pod does not have ' +
        'Copy it into the image, and give its absolute path there.',
    );
  });
});

it('the objects are checked: a value that the API would refuse is told', () => {
  const broken = readFileSync('deploy/job.yaml', 'utf8').replace('backoffLimit: 0', 'backoffLimit: none');
  expect(() => validated(broken)).toThrow(/backoffLimit.*must be integer/s);
});
