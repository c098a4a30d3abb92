import { statSync } from 'node:fs';
import { withScheme } from '../../config/base-url.js';
import { load } from '../../config/load.js';
import { shellWord } from '../../config/recorded-command.js';
import { isShipped } from '../../dataset/tokenizer/shipped.js';
import { UserError } from '../../util/errors.js';
import type { Io } from '../../util/io.js';
import type { Command, Invocation } from '../command.js';
import { refuseCredentials } from '../profile/connections.js';
import { command as profileCommand } from '../profile.js';
import { ARTIFACTS_FOLDER, apiKeyName, filesName, filesObject, type PodPlan, profileJob } from './objects.js';
import { checkManifest, manifestOptions } from './options.js';
import { type PodFiles, type Profile, podFiles } from './pod-files.js';
import { coordinatorArgs, shardObjects, tokenName } from './shard-objects.js';

/** `aiperf kube manifest`: prints Kubernetes objects that run `aiperf profile` in a cluster, for `kubectl apply`. */
export const command: Command<typeof manifestOptions> = {
  options: manifestOptions,
  check: checkManifest,
  run,
};

/** kubectl stores what it applied in an annotation; all annotations of an object may have 262,144 bytes. */
const LARGEST_OBJECT_BYTES = 260_000;

async function run({ config }: Invocation<typeof manifestOptions>, io: Io): Promise<number> {
  const service = config.service === undefined ? [] : ['--url', `http://${config.service}`];
  const { name, shards } = config;
  const cluster = shards === undefined ? [] : coordinatorArgs({ name, shards });
  const common = ['--artifact-dir', ARTIFACTS_FOLDER, ...service, ...cluster];
  const key = config.apiKey === undefined ? {} : { AIPERF_API_KEY: config.apiKey };
  const check = profileCommand.check?.bind(profileCommand);
  const profile = await load(
    profileCommand.options,
    ['--config', config.runConfig, ...common],
    key,
    check,
    profileCommand.refuse,
  );
  refuseCredentials(profile.config.urls);
  refuseThisMachine(profile);
  const carried = await podFiles(config.runConfig, profile, config.inputPath);
  const plan: PodPlan = {
    ...config,
    args: podArgs(config, [...carried.args, ...common]),
    files: carried.files,
    filesAreSecret: carried.holdSecret,
    needsApiKey: profile.config.apiKey !== undefined,
  };
  refuseLarge(plan);
  for (const note of [...profile.warnings, ...notes(profile, carried, config)]) io.stderr.write(`${note}\n`);

  const { stringify } = await import('yaml');
  const files = plan.filesAreSecret ? [] : [filesObject(plan)];
  const jobs = shards === undefined ? [profileJob(plan)] : shardObjects({ ...config, ...plan, shards });
  const written = [...files, ...jobs].map((object) =>
    stringify(object, { lineWidth: 0, aliasDuplicateObjects: false }),
  );
  io.stdout.write(written.join('---\n'));
  return 0;
}

type Pod = Invocation<typeof manifestOptions>['config'];

function podArgs({ waitForCopy, namespace, shards }: Pod, profileArgs: readonly string[]): string[] {
  const resumable = shards === undefined ? [] : ['--resumable'];
  const own = ['--wait-for-copy', String(waitForCopy), '--namespace', namespace, ...resumable];
  return ['kube', 'run', ...own, '--', 'profile', ...profileArgs];
}

/** Refuses local resources that the Pod cannot reach. @throws UserError */
function refuseThisMachine({ config, sources }: Profile): void {
  const local = config.urls.find((url) => isLocal(url));
  if (local !== undefined) {
    throw new UserError(
      `${sources.get('urls')?.name ?? '--url'} is ${local}, which inside a Pod is the Pod itself`,
      'Set the server with --service NAME:PORT or the url of the config file.',
    );
  }
  const socket = sources.get('unixSocket')?.name;
  if (socket !== undefined) throw new UserError(`${socket}: the Pod cannot reach a socket of this machine`);
  if (config.tokenizer !== undefined && !config.tokenizer.startsWith('/') && isFolder(config.tokenizer)) {
    throw new UserError(
      `${sources.get('tokenizer')?.name ?? '--tokenizer'}: ${config.tokenizer} is a local folder, which the Pod does not have`,
      'Copy it into the image, and give its absolute path there.',
    );
  }
}

function isLocal(url: string): boolean {
  const { hostname } = new URL(withScheme(url));
  return /^(localhost|.*\.localhost|127(\.\d+){3}|0\.0\.0\.0|\[::1?\])$/.test(hostname);
}

function isFolder(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() === true;
}

function refuseLarge(plan: PodPlan): void {
  const bytes = Buffer.byteLength(JSON.stringify(filesObject(plan)));
  if (bytes <= LARGEST_OBJECT_BYTES) return;
  throw new UserError(
    `The files of the run have ${bytes} bytes, and kubectl applies at most ${LARGEST_OBJECT_BYTES} in one object`,
    'Put the dataset into the image or on the claim, and set its path with --input-path.',
  );
}

/** Hints about the manifest that are not errors. */
function notes({ config, sources }: Profile, { holdSecret, localPaths }: PodFiles, pod: Pod): string[] {
  const all: string[] = [];
  const create = (name: string) => `kubectl create secret generic ${name} --namespace ${pod.namespace}`;
  if (config.apiKey !== undefined) {
    all.push(
      `The Job takes the API key (${sources.get('apiKey')?.name}) from a Secret. Create it before the Job: ` +
        `${create(apiKeyName(pod))} --from-literal=api-key="$AIPERF_API_KEY"`,
    );
  }
  if (holdSecret) {
    const files = Object.entries(localPaths).map(([name, path]) => ` --from-file=${name}=${shellWord(path)}`);
    all.push(
      'The configuration holds secrets, so the Job takes it from a Secret. Create it before the Job: ' +
        create(filesName(pod)) +
        files.join(''),
    );
  }
  if (pod.shards !== undefined) {
    all.push(
      'The Pods take the token of NATS from a Secret. Create it before the Jobs: ' +
        `${create(tokenName(pod))} --from-literal=token="$(openssl rand -hex 24)"`,
    );
  }
  for (const name of config.useServerTokenCount ? [] : foreignTokenizers(config)) {
    all.push(
      `The tokenizer ${name} is not bundled with aiperf, and the Pod downloads nothing: it must be in the image.`,
    );
  }
  return all;
}

function foreignTokenizers({ tokenizer, models }: Profile['config']): string[] {
  const names = tokenizer === undefined ? models : [tokenizer];
  return names.filter((name) => name !== 'builtin' && !isShipped(name));
}
