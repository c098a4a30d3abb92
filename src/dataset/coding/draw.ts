import type { Random } from '../../util/random.js';

/** Draws the names, values and numbers that snippets are filled with. */
export interface Draw {
  /** Uniform in [0, below). */
  integer(below: number): number;
  pick<T>(list: readonly T[]): T;
  /** Between `low` and `high` texts, ends included. */
  some(low: number, high: number, make: (place: number) => string): string[];
  noun(): string;
  verb(): string;
  adjective(): string;
  /** Two words, such as `retry_queue`. */
  snake(): string;
  camel(): string;
  pascal(): string;
  /** A lower-case hexadecimal number of `digits` digits. */
  hex(digits: number): string;
  /** A time of day, `09:41:07`. */
  clock(): string;
}

export function openDraw(random: Random): Draw {
  const integer = (below: number) => random.integer(below);
  function pick<T>(list: readonly T[]): T {
    const picked = list[integer(list.length)];
    if (picked === undefined) throw new Error('nothing to pick from');
    return picked;
  }
  const noun = () => pick(nouns);
  const verb = () => pick(verbs);
  const adjective = () => pick(adjectives);
  const twoDigits = (below: number) => String(integer(below)).padStart(2, '0');
  return {
    integer,
    pick,
    some: (low, high, make) =>
      Array.from({ length: low + integer(high - low + 1) }, (_, place) => make(place)),
    noun,
    verb,
    adjective,
    snake: () => `${pick([adjective, noun])()}_${noun()}`,
    camel: () => `${pick([adjective, verb])()}${capitalised(noun())}`,
    pascal: () => `${capitalised(pick([adjective, noun])())}${capitalised(noun())}`,
    hex: (digits) => Array.from({ length: digits }, () => integer(16).toString(16)).join(''),
    clock: () => `${twoDigits(24)}:${twoDigits(60)}:${twoDigits(60)}`,
  };
}

export function capitalised(word: string): string {
  return word.charAt(0).toUpperCase() + word.slice(1);
}

/** Puts `spaces` in front of every line that is not empty. */
export function indented(lines: readonly string[], spaces: string): string {
  return lines
    .join('\n')
    .split('\n')
    .map((line) => (line === '' ? '' : spaces + line))
    .join('\n');
}

const nouns = words(`
  account address agent alert archive asset batch bucket buffer cache cart catalog channel chunk client cluster column
  comment config connection container contract counter coupon course cursor customer dataset deadline delivery device
  digest document driver edge email endpoint entry event export feature field file filter folder frame gateway graph
  group handler header history host image import index inventory invoice item job journal key label layer lease ledger
  limit link list lock log mailbox manifest message meter metric model module monitor network node notice object offer
  order packet page parcel partition patch path payment peer period permit pipeline player plugin point policy pool
  position price process product profile project prompt proxy query queue quota range record region registry release
  replica report request reservation resource response result retry review role route row rule sample schedule schema
  scope section segment sensor server session shard shipment signal site slot snapshot socket source span state step
  stock storage stream subscription summary supplier table tag target task team template tenant thread ticket token
  topic trace transfer tree trigger tunnel update upload user value vector vendor version view volume voucher wallet
  watcher window worker workflow zone`);

const verbs = words(`
  accept acquire add aggregate allocate append apply approve archive assign attach build cancel check clean close
  collect commit compare compress compute confirm connect convert copy count create decode delete deliver deploy detach
  detect disable dispatch drain drop encode enqueue evict expand expire export fetch filter find flush format forward
  freeze grant group handle hash import insert install invoke join limit list load lock log map mark measure merge
  migrate move normalize notify open pack parse patch pause poll prune publish pull push query read rebuild receive
  record reduce refresh register reject release reload remove rename render repair replace report reserve reset resolve
  restore resume retry revoke roll rotate route run sample save scan schedule score seal search select send serve sign
  skip sort split start stop store stream submit subscribe sum suspend swap sync tag throttle trace track transfer trim
  unlock unpack update upload validate verify visit wait watch wrap write`);

const adjectives = words(`
  active annual archived atomic available blocked bounded cached closed cold common complete current daily dead default
  delayed dirty distinct durable empty encrypted eventual expected external failed fast final first frozen full global
  healthy hidden idle immutable initial inner internal invalid known large last latest lazy local locked managed maximum
  merged minimum missing monthly mutable nested new next null old online open optional outer paid parallel parsed
  partial pending pinned primary private public random raw ready recent remote required reserved resolved retired
  returned running safe scheduled secondary shared short signed slow small sorted stale static strict tagged temporary
  total trusted typed unique unknown unread unused upstream urgent valid verified visible warm weekly writable`);

function words(text: string): readonly string[] {
  return text.trim().split(/\s+/);
}
