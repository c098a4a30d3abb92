import { capitalised, type Draw } from './draw.js';

const types = ['string', 'int', 'int64', 'bool', '[]byte', 'time.Duration', 'map[string]int', 'error'];

export function goFile(draw: Draw): string {
  const [type, receiver] = [draw.pascal(), draw.noun().charAt(0)];
  const fields = draw.some(3, 6, () => `\t${draw.camel()} ${draw.pick(types)}`);
  return `package ${draw.noun()}

import (
\t"context"
\t"fmt"
\t"${draw.pick(['sync', 'time', 'errors', 'net/http', 'os'])}"

\t"example.com/${draw.noun()}/internal/${draw.noun()}"
)

// ${type} holds the ${draw.adjective()} ${draw.noun()}s of a ${draw.noun()}.
type ${type} struct {
\tmu sync.RWMutex
${fields.join('\n')}
}

${draw.some(2, 4, () => goMethod(draw, type, receiver)).join('\n\n')}
`;
}

function goMethod(draw: Draw, type: string, receiver: string): string {
  const [name, argument] = [`${capitalised(draw.verb())}${capitalised(draw.noun())}`, draw.camel()];
  const body = draw.pick([
    `\t${receiver}.mu.Lock()
\tdefer ${receiver}.mu.Unlock()
\tif _, ok := ${receiver}.${draw.camel()}[${argument}]; ok {
\t\treturn fmt.Errorf("${draw.noun()} %q is ${draw.adjective()}", ${argument})
\t}
\t${receiver}.${draw.camel()}[${argument}] = ${draw.integer(100)}
\treturn nil`,
    `\tfor i := 0; i < ${2 + draw.integer(20)}; i++ {
\t\tif err := ${draw.noun()}.${capitalised(draw.verb())}(ctx, ${argument}); err != nil {
\t\t\treturn fmt.Errorf("${draw.verb()} ${draw.noun()}: %w", err)
\t\t}
\t}
\treturn ctx.Err()`,
    `\tselect {
\tcase <-ctx.Done():
\t\treturn ctx.Err()
\tcase ${receiver}.${draw.noun()}s <- ${draw.noun()}.New(${argument}):
\t\treturn nil
\t}`,
  ]);
  return `// ${name} may ${draw.verb()} the ${draw.noun()} unless it is ${draw.adjective()}.
func (${receiver} *${type}) ${name}(ctx context.Context, ${argument} string) error {
${body}
}`;
}
