import { capitalised, type Draw, indented } from './draw.js';

const types = [
  'String',
  'u64',
  'usize',
  'bool',
  'Vec<u8>',
  'Option<Duration>',
  'HashMap<String, u32>',
  'Arc<str>',
];

export function rustModule(draw: Draw): string {
  const [type, error] = [draw.pascal(), `${draw.pascal()}Error`];
  return `use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use crate::${draw.noun()}::${draw.pascal()};

#[derive(Debug, Clone, PartialEq)]
pub struct ${type} {
${draw.some(3, 6, () => `    pub ${draw.snake()}: ${draw.pick(types)},`).join('\n')}
}

#[derive(Debug, thiserror::Error)]
pub enum ${error} {
${draw.some(2, 4, () => `    #[error("${draw.adjective()} ${draw.noun()}: {0}")]\n    ${capitalised(draw.adjective())}${capitalised(draw.noun())}(String),`).join('\n')}
}

impl ${type} {
${draw.some(2, 4, () => indented([rustMethod(draw, error)], '    ')).join('\n\n')}
}
`;
}

function rustMethod(draw: Draw, error: string): string {
  const [argument, local] = [draw.snake(), draw.noun()];
  return `/// ${capitalised(draw.verb())}s the ${draw.adjective()} ${draw.noun()}.
pub ${draw.pick(['', 'async '])}fn ${draw.verb()}_${draw.noun()}(&mut self, ${argument}: &str) -> Result<${draw.pick(types)}, ${error}> {
    let ${local} = self.${draw.snake()}.iter().filter(|${draw.noun()}| ${draw.noun()}.${draw.snake()} > ${draw.integer(100)}).count();
    match ${local} {
        0 => Err(${error}::${draw.pascal()}(${argument}.to_owned())),
        n if n < ${2 + draw.integer(90)} => Ok(self.${draw.verb()}(n)?),
        _ => {
            tracing::warn!(${local}, "${draw.noun()} is ${draw.adjective()}");
            self.${draw.snake()}.${draw.verb()}(${draw.integer(1000)})
        }
    }
}`;
}
