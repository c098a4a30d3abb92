import type { UserError } from '../../util/errors.js';
import { circleFrom, unsendable } from './agent-links.js';
import type { LinkedRow } from './format.js';
import { rowError } from './read-row.js';
import type { RowFile } from './row-file.js';

interface Roots {
  /** Rows of the agents that no other one starts, in file order. */
  readonly roots: readonly number[];
  /** Row of a session that is in the file. */
  readonly numberOf: (sessionId: string) => number;
}

/**
 * Checks who starts whom in a file of agents.
 * @throws UserError naming file and line, for a session that is there twice or not at all, that starts itself, or that
 * would have the history of two turns, or none where it should have one.
 */
export function findRoots(file: RowFile, rows: readonly LinkedRow[]): Roots {
  const numbers = numbersOf(file, rows);
  const forkedBy = new Map<string, number>();
  const parents: number[][] = rows.map(() => []);
  for (const [number, { links }] of rows.entries()) {
    const refuse = (problem: string, hint: string): UserError => rowError(file, number, problem, hint);
    const forks = links.turns.flatMap((turn) => turn.forks);
    const spawns = links.turns.flatMap((turn) => turn.spawns.flatMap(({ children }) => children));
    for (const child of [...links.startsWith, ...forks, ...spawns]) {
      const childNumber = numbers.get(child);
      if (childNumber === undefined) {
        throw refuse(
          `session ${links.sessionId} starts session ${child}, which is not in the file`,
          'add its row, or correct its name',
        );
      }
      parents[childNumber]?.push(number);
    }
    for (const child of forks) {
      const other = forkedBy.get(child);
      if (other !== undefined) {
        throw refuse(
          `session ${child} is forked twice, first in line ${file.lines[other]}: it cannot have two histories`,
          'give each fork a session of its own',
        );
      }
      if (rows[numbers.get(child) ?? -1]?.history === 'self-contained') {
        throw refuse(
          `session ${child} is forked, but its context_mode leaves its parent's history out`,
          'spawn it, or leave context_mode out',
        );
      }
      forkedBy.set(child, number);
    }
  }
  refuseCircles(file, rows, parents);
  return {
    roots: [...rows.keys()].filter((number) => parents[number]?.length === 0),
    numberOf: (sessionId) => numbers.get(sessionId) ?? -1,
  };
}

function numbersOf(file: RowFile, rows: readonly LinkedRow[]): ReadonlyMap<string, number> {
  const numbers = new Map<string, number>();
  for (const [number, { links }] of rows.entries()) {
    const earlier = numbers.get(links.sessionId);
    if (earlier !== undefined) {
      throw rowError(
        file,
        number,
        `session ${links.sessionId} is there twice, first in line ${file.lines[earlier]}`,
        'write all turns of an agent in one row',
      );
    }
    numbers.set(links.sessionId, number);
  }
  return numbers;
}

/** @param parents per row: the rows that start it. */
function refuseCircles(
  file: RowFile,
  rows: readonly LinkedRow[],
  parents: readonly (readonly number[])[],
): void {
  const stuck = unsendable(parents);
  const start = stuck.indexOf(true);
  if (start === -1) return;
  const circle = circleFrom(start, (number) => parents[number]?.find((parent) => stuck[parent])).reverse();
  const names = circle.map((number) => rows[number]?.links.sessionId).join(' → ');
  throw rowError(
    file,
    circle[0] ?? start,
    `sessions start each other in a circle: ${names}`,
    'remove one of them',
  );
}
