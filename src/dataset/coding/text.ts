import { capitalised, type Draw } from './draw.js';

/** A page of documentation. */
export function markdown(draw: Draw): string {
  const title = `${capitalised(draw.adjective())} ${draw.noun()}s`;
  const option = () =>
    `| \`${draw.snake()}\` | ${draw.pick(['string', 'integer', 'float', 'boolean'])} | \`${draw.integer(1000)}\` | ${capitalised(draw.verb())} each ${draw.noun()} that is ${draw.adjective()} |`;
  return `# ${title}

${sentence(draw)} ${sentence(draw)}

## Install

\`\`\`bash
${draw.pick(['pip install', 'npm install', 'cargo add', 'go get'])} ${draw.noun()}-${draw.noun()}
\`\`\`

## Options

| Name | Type | Default | Description |
|---|---|---|---|
${draw.some(3, 7, option).join('\n')}

## ${capitalised(draw.verb())} a ${draw.noun()}

${draw.some(2, 5, (place) => `${place + 1}. ${sentence(draw)}`).join('\n')}

> **Note:** ${sentence(draw)}
`;
}

/** What a user asks of a coding assistant. */
export function request(draw: Draw): string {
  return draw.pick([
    `The ${draw.noun()} test fails since ${draw.hex(7)}: it should ${draw.verb()} the ${draw.adjective()} ${draw.noun()}, but ${draw.verb()}s nothing. Find the cause and fix it. ${sentence(draw)}\n`,
    `Add a \`--${draw.adjective()}-${draw.noun()}\` option to \`${draw.snake()}.py\` that ${draw.verb()}s every ${draw.noun()}. ${sentence(draw)} Write tests, too.\n`,
    `Why does \`${draw.camel()}\` ${draw.verb()} a ${draw.noun()} before the ${draw.noun()} is ${draw.adjective()}? ${sentence(draw)}\n`,
  ]);
}

function sentence(draw: Draw): string {
  return draw.pick([
    `The ${draw.noun()} ${draw.verb()}s ${draw.adjective()} ${draw.noun()}s until the ${draw.noun()} is ${draw.adjective()}.`,
    `If no ${draw.noun()} is ${draw.adjective()}, the ${draw.noun()} waits for ${1 + draw.integer(60)} seconds and ${draw.verb()}s the next ${draw.noun()}.`,
    `Each ${draw.noun()} has at most ${1 + draw.integer(100)} ${draw.noun()}s, which \`${draw.camel()}\` may ${draw.verb()} in parallel.`,
    `Use a ${draw.adjective()} ${draw.noun()} where the ${draw.noun()} must not ${draw.verb()} twice.`,
  ]);
}

const levels = ['INFO', 'INFO', 'INFO', 'DEBUG', 'WARN', 'ERROR'];

/** Lines of a server's log. */
export function log(draw: Draw): string {
  const service = draw.snake();
  const line = () => {
    const time = `2026-0${1 + draw.integer(9)}-${10 + draw.integer(19)}T${draw.clock()}.${100 + draw.integer(900)}Z`;
    return draw.pick([
      `${time} ${draw.pick(levels)} [${service}] ${draw.verb()} ${draw.noun()} id=${draw.hex(8)} took ${draw.integer(5000)}ms`,
      `${time} ${draw.pick(levels)} [${service}] ${draw.noun()} is ${draw.adjective()}: ${draw.integer(100)} of ${draw.integer(1000)} ${draw.noun()}s`,
      `10.0.${draw.integer(256)}.${draw.integer(256)} - - [${time}] "${draw.pick(['GET', 'POST', 'DELETE'])} /api/v1/${draw.noun()}s/${draw.integer(100_000)} HTTP/1.1" ${draw.pick([200, 200, 201, 204, 404, 500])} ${draw.integer(50_000)}`,
    ]);
  };
  return `${draw.some(6, 18, line).join('\n')}\n`;
}

/** Commands and what they print. */
export function shell(draw: Draw): string {
  const file = () => `${draw.noun()}/${draw.snake()}.${draw.pick(['py', 'ts', 'go', 'rs', 'sql', 'md'])}`;
  return draw.pick([
    () => `$ pytest -q ${file()}
${draw.some(3, 8, () => `${file()}::test_${draw.verb()}_${draw.noun()} ${draw.pick(['PASSED', 'PASSED', 'FAILED', 'SKIPPED'])}`).join('\n')}
${draw.integer(10)} failed, ${draw.integer(300)} passed in ${draw.integer(90)}.${draw.integer(100)}s
`,
    () => `$ git log --oneline -n 8
${draw.some(4, 8, () => `${draw.hex(7)} ${capitalised(draw.verb())} the ${draw.adjective()} ${draw.noun()} of a ${draw.noun()}`).join('\n')}
$ git status --short
${draw.some(1, 4, () => `${draw.pick([' M', '??', 'A ', ' D'])} ${file()}`).join('\n')}
`,
    () => `$ ls -l ${draw.noun()}
${draw.some(4, 9, () => `-rw-r--r-- 1 ${draw.noun()} staff ${String(draw.integer(200_000)).padStart(7)} Sep ${10 + draw.integer(19)} ${draw.clock().slice(0, 5)} ${draw.snake()}.${draw.pick(['go', 'json', 'md'])}`).join('\n')}
`,
    () => `$ grep -rn ${draw.noun()} src
${draw.some(3, 8, () => `src/${file()}:${1 + draw.integer(800)}:    ${draw.camel()}(${draw.noun()}, ${draw.noun()})`).join('\n')}
`,
  ])();
}

/** A change of a file as a diff. */
export function diff(draw: Draw): string {
  const path = `src/${draw.noun()}/${draw.snake()}.py`;
  const line = () =>
    `    ${draw.snake()} = ${draw.verb()}_${draw.noun()}(${draw.snake()}, ${draw.integer(100)})`;
  const hunk =
    () => `@@ -${draw.integer(400)},${5 + draw.integer(9)} +${draw.integer(400)},${5 + draw.integer(9)} @@ def ${draw.verb()}_${draw.noun()}(self):
 ${line()}
${draw.some(1, 4, () => `-${line()}`).join('\n')}
${draw.some(1, 5, () => `+${line()}`).join('\n')}
 ${line()}`;
  return `diff --git a/${path} b/${path}
index ${draw.hex(7)}..${draw.hex(7)} 100644
--- a/${path}
+++ b/${path}
${draw.some(1, 3, hunk).join('\n')}
`;
}
