import { describe, expect, it } from 'vitest';
import { csvRow } from '../../src/export/summary-csv.js';

describe('a row of a CSV file', () => {
  it.each([
    [
      'text is quoted where it must be',
      ['a', 'b,c', 'say "x"', 'two\nlines'],
      'a,"b,c","say ""x""","two\nlines"',
    ],
    [
      'numbers stay, signs and all',
      ['-1.50', '+2', '-.5', '-inf', 'inf', 'nan', '-', ''],
      '-1.50,+2,-.5,-inf,inf,nan,-,',
    ],
    [
      'no text becomes a formula of a spreadsheet',
      ['=1+1', '@SUM(A1)', '+cmd|calc', "-cmd|'/c calc'!A0", '\t=1', '\r=1', '=HYPERLINK("x","y")'],
      '\'=1+1,\'@SUM(A1),\'+cmd|calc,\'-cmd|\'/c calc\'!A0,\'\t=1,"\'\r=1","\'=HYPERLINK(""x"",""y"")"',
    ],
  ])('%s', (_what, cells, row) => {
    expect(csvRow(cells)).toBe(`${row}\r\n`);
  });
});
