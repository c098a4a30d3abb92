import { capitalised, type Draw, indented } from './draw.js';

const types = [
  'str',
  'int',
  'float',
  'bool',
  'bytes',
  'list[str]',
  'dict[str, int]',
  'datetime',
  'Path',
  'UUID',
];
const modules = [
  'asyncio',
  'logging',
  'json',
  're',
  'time',
  'hashlib',
  'itertools',
  'contextlib',
  'os',
  'shutil',
];
const errors = [
  'ValueError',
  'KeyError',
  'TimeoutError',
  'RuntimeError',
  'PermissionError',
  'ConnectionError',
];

/** A module: imports, a dataclass, a class with methods. */
export function pythonModule(draw: Draw): string {
  const [record, service] = [
    draw.pascal(),
    `${draw.pascal()}${draw.pick(['Service', 'Store', 'Client', 'Pool'])}`,
  ];
  const fields = draw.some(3, 6, () => `${draw.snake()}: ${draw.pick(types)}`);
  const key = draw.snake();
  return `from __future__ import annotations

${draw.some(2, 4, () => `import ${draw.pick(modules)}`).join('\n')}
from dataclasses import dataclass, field

from ${draw.noun()}.${draw.noun()} import ${draw.pascal()}

logger = logging.getLogger(__name__)


@dataclass(slots=True)
class ${record}:
    """${capitalised(draw.adjective())} ${draw.noun()} of one ${draw.noun()}."""

${indented(fields, '    ')}
    ${draw.snake()}: list[${draw.pascal()}] = field(default_factory=list)


class ${service}:
    def __init__(self, ${key}: ${draw.pick(types)}, *, timeout: float = ${draw.integer(60)}.0) -> None:
        self._${key} = ${key}
        self._timeout = timeout
        self._${draw.noun()}s: dict[str, ${record}] = {}

${draw.some(2, 5, () => indented([pythonMethod(draw, record)], '    ')).join('\n\n')}
`;
}

function pythonMethod(draw: Draw, record: string): string {
  const [name, argument, local] = [`${draw.verb()}_${draw.noun()}`, draw.snake(), draw.noun()];
  const [prefix, wait] = draw.pick([
    ['', ''],
    ['async ', 'await '],
  ]);
  const body = draw.pick([
    `${local} = ${wait}self._${draw.verb()}(${argument})
if ${local} is None:
    raise ${draw.pick(errors)}(f"${draw.adjective()} ${draw.noun()}: {${argument}!r}")
return ${record}(${draw.snake()}=${local}.${draw.noun()}, ${draw.snake()}=${draw.integer(1000)})`,
    `started = time.monotonic()
for attempt in range(${2 + draw.integer(8)}):
    try:
        return ${wait}self.${draw.verb()}(${argument}, timeout=self._timeout)
    except ${draw.pick(errors)} as error:
        logger.warning("${draw.verb()} %s failed (attempt %d): %s", ${argument}, attempt, error)
        ${prefix === '' ? 'time.sleep' : 'await asyncio.sleep'}(0.${1 + draw.integer(9)} * 2**attempt)
raise TimeoutError(f"${draw.noun()} was not ${draw.adjective()} after {time.monotonic() - started:.1f} s")`,
    `${local}s = [${local} for ${local} in ${argument} if ${local}.${draw.snake()} > ${draw.integer(500)}]
${local}s.sort(key=lambda ${local}: ${local}.${draw.snake()}, reverse=True)
return {${local}.${draw.snake()}: ${local} for ${local} in ${local}s[:${draw.integer(100)}]}`,
    `with self._lock:
    ${local} = self._${draw.noun()}s.pop(${argument}, None)
    self._${draw.noun()}s[${argument}] = ${record}(${draw.snake()}="${draw.hex(8)}")
    self._${draw.snake()} += 1`,
  ]);
  return `${prefix}def ${name}(self, ${argument}: ${draw.pick(types)}) -> ${draw.pick([record, 'None', 'bool', ...types])}:
    """${capitalised(draw.verb())} the ${draw.adjective()} ${draw.noun()} and ${draw.verb()} its ${draw.noun()}."""
${indented([body], '    ')}`;
}

export function pythonTests(draw: Draw): string {
  const subject = draw.pascal();
  const test = () => {
    const local = draw.noun();
    return `${draw.pick(['', '@pytest.mark.asyncio\nasync '])}def test_${draw.verb()}_${draw.snake()}(${draw.noun()}, monkeypatch):
    ${local} = ${subject}(${draw.snake()}=${draw.integer(100)}, ${draw.snake()}="${draw.noun()}-${draw.integer(100)}")
    monkeypatch.setattr(${local}, "${draw.verb()}", lambda *_: ${draw.integer(50)})
    assert ${local}.${draw.snake()} == ${draw.integer(1000)}
    with pytest.raises(${draw.pick(errors)}, match="${draw.adjective()} ${draw.noun()}"):
        ${local}.${draw.verb()}_${draw.noun()}(${draw.pick(['None', '""', '-1', '[]', '{}'])})
`;
  };
  return `import pytest

from ${draw.noun()}.${draw.noun()} import ${subject}


@pytest.fixture
def ${draw.noun()}(tmp_path):
    path = tmp_path / "${draw.snake()}.json"
    path.write_text('{"${draw.noun()}": ${draw.integer(100)}}')
    return ${subject}.open(path)


${draw.some(2, 5, test).join('\n\n')}`;
}

export function pythonTraceback(draw: Draw): string {
  const frame =
    () => `  File "/srv/${draw.noun()}/${draw.snake()}.py", line ${1 + draw.integer(900)}, in ${draw.verb()}_${draw.noun()}
    ${draw.noun()} = self.${draw.verb()}(${draw.snake()}, ${draw.snake()}=${draw.integer(100)})`;
  return `Traceback (most recent call last):
${draw.some(3, 7, frame).join('\n')}
${draw.pick(errors)}: ${draw.adjective()} ${draw.noun()} "${draw.snake()}": expected ${draw.integer(100)}, got ${draw.integer(1000)}
`;
}
