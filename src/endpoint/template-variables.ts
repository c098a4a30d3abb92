/** A node of a parsed Jinja template, as `@huggingface/jinja` makes it; which members it has depends on its type. */
type Node = object;

/** What every template can use. */
const globals = [
  ...['true', 'false', 'none', 'True', 'False', 'None'],
  ...['namespace', 'range', 'strftime_now', 'raise_exception', 'loop', 'caller', 'kwargs', 'varargs'],
];

/**
 * Variables that a template reads although neither `known` has them nor the template sets them: a misspelt name would
 * render as nothing. A name that is only tested (`is defined`) or has a default is not read.
 */
export function unknownVariables(template: Node, known: Iterable<string>): string[] {
  const set = new Set([...globals, ...known]);
  const read = new Set<string>();
  walk(template);
  return [...read].filter((name) => !set.has(name));

  function walk(value: unknown): void {
    if (Array.isArray(value)) for (const item of value) walk(item);
    else if (value instanceof Map) {
      for (const [key, item] of value) {
        walk(key);
        walk(item);
      }
    } else if (typeof value === 'object' && value !== null) walkNode(value);
  }

  function walkNode(node: Node): void {
    // An operator is a token, which may have the type of a variable: `and`.
    const { type, operator: _, ...members }: { type?: unknown } & Record<string, unknown> = { ...node };
    switch (type) {
      case 'Identifier':
        read.add(String(members.value));
        return;
      case 'MemberExpression':
        walk(members.object);
        if (members.computed === true) walk(members.property);
        return;
      case 'FilterExpression':
        if (!['default', 'd'].includes(calledName(members.filter))) walk(members.operand);
        walk(argumentsOf(members.filter));
        return;
      case 'TestExpression':
        if (!['defined', 'undefined'].includes(calledName(members.test))) walk(members.operand);
        return;
      case 'KeywordArgumentExpression':
        walk(members.value);
        return;
      case 'For':
        assign(members.loopvar);
        break;
      case 'Set':
        assign(members.assignee);
        break;
      case 'Macro':
        assign([members.name, members.args]);
        break;
      case 'CallStatement':
        assign(members.callerArgs);
        break;
      case 'FilterStatement':
        walk([argumentsOf(members.filter), members.body]);
        return;
    }
    walk(Object.values(members));
  }

  /** Names that a statement gives values: a variable, a tuple of them, or parameters, which may have defaults. */
  function assign(target: unknown): void {
    if (Array.isArray(target)) for (const item of target) assign(item);
    else if (typeof target === 'object' && target !== null) {
      const { type, value, key }: { type?: unknown; value?: unknown; key?: unknown } = target;
      if (type === 'Identifier') set.add(String(value));
      if (type === 'TupleLiteral') assign(value);
      if (type === 'KeywordArgumentExpression') assign(key);
    }
  }
}

/** The name of a filter or a test, which may be called with arguments. */
function calledName(called: unknown): string {
  if (typeof called !== 'object' || called === null) return '';
  if ('callee' in called) return calledName(called.callee);
  return 'value' in called ? String(called.value) : '';
}

function argumentsOf(called: unknown): unknown {
  return typeof called === 'object' && called !== null && 'args' in called ? called.args : [];
}
