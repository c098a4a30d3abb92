import { capitalised, type Draw, indented } from './draw.js';

const types = [
  'string',
  'number',
  'boolean',
  'Date',
  'readonly string[]',
  'Map<string, number>',
  'Uint8Array',
];

export function typescriptModule(draw: Draw): string {
  const [record, service] = [
    draw.pascal(),
    `${draw.pascal()}${draw.pick(['Service', 'Cache', 'Router', 'Queue'])}`,
  ];
  const fields = draw.some(
    3,
    6,
    () => `readonly ${draw.camel()}${draw.pick(['', '?'])}: ${draw.pick(types)};`,
  );
  const local = draw.noun();
  return `import { ${draw.camel()} } from '../${draw.noun()}/${draw.verb()}-${draw.noun()}.js';
import type { ${draw.pascal()} } from './${draw.noun()}.js';

export interface ${record} {
${indented(fields, '  ')}
}

/** ${capitalised(draw.verb())}s each ${draw.adjective()} ${draw.noun()} once. */
export class ${service} {
  readonly #${local}s = new Map<string, ${record}>();
  #${draw.camel()} = ${draw.integer(100)};

${draw.some(2, 4, () => indented([typescriptMethod(draw, record, local)], '  ')).join('\n\n')}
}
`;
}

function typescriptMethod(draw: Draw, record: string, local: string): string {
  const argument = draw.camel();
  return draw.pick([
    `${draw.camel()}(${argument}: string): ${record} | undefined {
  const ${draw.noun()} = this.#${local}s.get(${argument});
  if (${draw.noun()} === undefined || ${draw.noun()}.${draw.camel()} > ${draw.integer(1000)}) return undefined;
  this.#${local}s.delete(${argument});
  return { ...${draw.noun()}, ${draw.camel()}: ${draw.integer(100)} };
}`,
    `async ${draw.camel()}(${argument}: ${draw.pick(types)}, signal?: AbortSignal): Promise<void> {
  const response = await fetch(\`/api/${draw.noun()}s/\${${argument}}\`, { method: '${draw.pick(['GET', 'POST', 'PUT'])}', signal });
  if (!response.ok) throw new Error(\`${draw.verb()} ${draw.noun()}: \${response.status}\`);
  const { ${draw.noun()}, ${draw.camel()} } = await response.json();
  for (const ${local} of ${draw.noun()}) this.#${local}s.set(${local}.id, ${local});
}`,
    `get ${draw.camel()}(): number {
  let total = 0;
  for (const { ${draw.camel()} = 0 } of this.#${local}s.values()) total += ${draw.camel()} / ${1 + draw.integer(60)};
  return Math.round(total * 100) / 100;
}`,
  ]);
}

export function typescriptTests(draw: Draw): string {
  const subject = draw.camel();
  const test =
    () => `  it('${draw.verb()}s the ${draw.adjective()} ${draw.noun()} of a ${draw.noun()}', ${draw.pick(['', 'async '])}() => {
    const ${draw.noun()} = ${subject}({ ${draw.camel()}: ${draw.integer(100)}, ${draw.camel()}: '${draw.noun()}' });
    expect(${draw.noun()}.${draw.camel()}).toEqual([${draw.some(1, 4, () => String(draw.integer(1000))).join(', ')}]);
  });
`;
  return `import { describe, expect, it } from 'vitest';
import { ${subject} } from '../src/${draw.noun()}.js';

describe('${subject}', () => {
${draw.some(2, 5, test).join('\n')}});
`;
}
