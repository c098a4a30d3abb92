import type { Draw } from './draw.js';

const columnTypes = [
  'BIGINT',
  'INTEGER',
  'TEXT',
  'VARCHAR(255)',
  'TIMESTAMPTZ',
  'BOOLEAN',
  'NUMERIC(12, 2)',
  'JSONB',
];

/** A table, an index and queries. */
export function sql(draw: Draw): string {
  const [table, other] = [`${draw.snake()}s`, `${draw.snake()}s`];
  const columns = draw.some(3, 7, () => draw.snake());
  const query = () =>
    draw.pick([
      `SELECT ${columns.slice(0, 3).join(', ')}, COUNT(*) AS total
FROM ${table} AS a
LEFT JOIN ${other} AS b ON b.${draw.noun()}_id = a.id
WHERE a.${draw.snake()} >= NOW() - INTERVAL '${1 + draw.integer(90)} days'
  AND b.status IN ('${draw.adjective()}', '${draw.adjective()}')
GROUP BY ${columns.slice(0, 3).join(', ')}
HAVING COUNT(*) > ${draw.integer(500)}
ORDER BY total DESC
LIMIT ${10 * (1 + draw.integer(20))};`,
      `INSERT INTO ${table} (${columns.join(', ')})
VALUES
${draw.some(1, 4, () => `    (${columns.map(() => draw.pick([`'${draw.noun()}'`, draw.integer(10_000), 'NULL', 'DEFAULT'])).join(', ')})`).join(',\n')}
ON CONFLICT (id) DO UPDATE SET ${draw.snake()} = EXCLUDED.${draw.snake()};`,
      `UPDATE ${table}
SET ${draw.snake()} = '${draw.adjective()}', updated_at = NOW()
WHERE id = ANY(ARRAY[${draw.some(2, 6, () => String(draw.integer(100_000))).join(', ')}]);`,
    ]);
  return `CREATE TABLE ${table} (
    id BIGSERIAL PRIMARY KEY,
${columns.map((column) => `    ${column} ${draw.pick(columnTypes)}${draw.pick(['', ' NOT NULL', ' DEFAULT NULL'])},`).join('\n')}
    created_at TIMESTAMPTZ NOT NULL DEFAULT NOW()
);
CREATE INDEX idx_${table}_${columns[0]} ON ${table} (${columns[0]});

${draw.some(1, 3, query).join('\n\n')}
`;
}

export function json(draw: Draw): string {
  const item = () => ({
    id: draw.hex(8),
    [draw.snake()]: draw.integer(10_000),
    [draw.snake()]: draw.pick([true, false, null, draw.adjective()]),
    [draw.snake()]: { [draw.noun()]: draw.noun(), [draw.noun()]: draw.some(1, 4, draw.adjective) },
  });
  const items = Array.from({ length: 1 + draw.integer(4) }, item);
  return `${JSON.stringify({ [`${draw.noun()}s`]: items, next: draw.hex(12), total: draw.integer(5000) }, null, 2)}\n`;
}

export function yaml(draw: Draw): string {
  const name = `${draw.noun()}-${draw.noun()}`;
  return `apiVersion: apps/v1
kind: Deployment
metadata:
  name: ${name}
  labels:
    app: ${name}
    tier: ${draw.adjective()}
spec:
  replicas: ${1 + draw.integer(12)}
  template:
    spec:
      containers:
        - name: ${draw.noun()}
          image: registry.example.com/${name}:${draw.integer(9)}.${draw.integer(30)}.${draw.integer(30)}
          env:
${draw.some(2, 5, () => `            - name: ${draw.snake().toUpperCase()}\n              value: "${draw.pick([draw.integer(10_000), draw.noun(), 'true'])}"`).join('\n')}
          resources:
            limits:
              memory: ${64 * (1 + draw.integer(32))}Mi
`;
}
