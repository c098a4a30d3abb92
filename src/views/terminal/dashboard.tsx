import { Box, Text, type TextProps } from 'ink';
import { createContext, useContext } from 'react';
import { smallestDashboard } from '../../ui/screen.js';
import { type Display, keyHelp } from './keys.js';
import { COLUMN_GAP, layoutOf, nothingToShow, type PlacedPanel, type Size, type Stack } from './layout.js';
import { headerRows } from './panels/header.js';
import { fitted, type Row, rowWidth, span, type Tone } from './rows.js';
import type { Watched } from './state.js';

type Style = Pick<TextProps, 'color' | 'dimColor' | 'bold'>;

const colored: Readonly<Record<Tone, Style>> = {
  good: { color: 'green' },
  warn: { color: 'yellow' },
  bad: { color: 'red' },
  dim: { dimColor: true },
  accent: { color: 'cyan' },
  title: { bold: true },
};

/** Without colours only titles differ. */
const uncolored: Readonly<Record<Tone, Style>> = {
  ...{ good: {}, warn: {}, bad: {}, dim: {}, accent: {} },
  title: { bold: true },
};

const Styles = createContext(colored);

interface DashboardProps {
  readonly watched: Watched;
  readonly display: Display;
  readonly size: Size;
  readonly isColored: boolean;
}

/** The whole screen. */
export function Dashboard({ watched, display, size, isColored }: DashboardProps) {
  return (
    <Styles.Provider value={isColored ? colored : uncolored}>
      <Screen watched={watched} display={display} size={size} />
    </Styles.Provider>
  );
}

function Screen({ watched, display, size }: Omit<DashboardProps, 'isColored'>) {
  const { columns, rows } = size;
  if (columns < smallestDashboard.columns || rows < smallestDashboard.rows) {
    const needed = `${smallestDashboard.columns}x${smallestDashboard.rows}`;
    return <Rows rows={[[`terminal too small (${columns}x${rows}, needs ${needed})`]]} width={columns} />;
  }
  const header = headerRows(watched, statusOf(display), columns);
  return (
    <Box flexDirection="column" width={columns} height={rows}>
      <Rows rows={header} width={columns} />
      {display.showsHelp ? (
        <Rows rows={helpRows()} width={columns} />
      ) : (
        <Body watched={watched} display={display} width={columns} height={rows - header.length} />
      )}
    </Box>
  );
}

interface BodyProps {
  readonly watched: Watched;
  readonly display: Display;
  readonly width: number;
  readonly height: number;
}

function Body({ watched, display, width, height }: BodyProps) {
  const { stacks, log } = layoutOf(watched, display, width, height);
  const { scroll, screen } = display;
  const nothing = nothingToShow[screen];
  if (nothing !== undefined && stacks.every(({ panels }) => panels.length === 0))
    return <Rows rows={[[], [span(nothing, 'dim')]]} width={width} />;
  return (
    <>
      <Box gap={COLUMN_GAP} flexGrow={1}>
        {stacks.map((stack) => (
          <StackedPanels key={stack.width} watched={watched} stack={stack} scroll={scroll} />
        ))}
      </Box>
      {log && <Titled watched={watched} placed={log} width={width} scroll={0} />}
    </>
  );
}

interface StackedPanelsProps {
  readonly watched: Watched;
  readonly stack: Stack;
  readonly scroll: number;
}

/** Only the first panel of a screen scrolls. */
function StackedPanels({ watched, stack: { width, panels }, scroll }: StackedPanelsProps) {
  return (
    <Box flexDirection="column" width={width}>
      {panels.map((placed, i) => (
        <Titled
          key={placed.panel.name}
          watched={watched}
          placed={placed}
          width={width}
          scroll={i === 0 ? scroll : 0}
        />
      ))}
    </Box>
  );
}

interface TitledProps {
  readonly watched: Watched;
  readonly placed: PlacedPanel;
  readonly width: number;
  readonly scroll: number;
}

/** A panel below its title, in exactly its place: what is above and below it never moves. */
function Titled({ watched, placed: { panel, height }, width, scroll }: TitledProps) {
  const rows = panel.draw(watched, width, height, scroll).slice(0, height);
  const blank: Row[] = Array.from({ length: height - rows.length }, () => []);
  return <Rows rows={[ruled(panel.title(watched, width), width), ...rows, ...blank]} width={width} />;
}

/** A title and a line to the end of its row. */
function ruled(title: Row, width: number): Row {
  const rest = width - rowWidth(title) - 1;
  return rest <= 0 ? title : [...title, ' ', span('─'.repeat(rest), 'dim')];
}

interface RowsProps {
  readonly rows: readonly Row[];
  readonly width: number;
}

/** One text for all rows: a node for each costs several times as much. */
function Rows({ rows, width }: RowsProps) {
  return (
    <Text wrap="truncate">
      {rows.map((row, line) => (
        <Text key={line}>
          {line > 0 && '\n'}
          {fitted(row, width).map((part, column) => (
            <Piece key={column} part={part} />
          ))}
        </Text>
      ))}
    </Text>
  );
}

function Piece({ part }: { readonly part: Row[number] }) {
  const styles = useContext(Styles);
  if (typeof part === 'string') return part;
  return part.tone === undefined ? part.text : <Text {...styles[part.tone]}>{part.text}</Text>;
}

/** What is unusual, or which keys lead on: at the right edge of the first row. */
function statusOf({ isFrozen, asksToStop, isStopping }: Display): Row {
  if (asksToStop) return [span('Stop the run? Results so far are written. y / n', 'warn')];
  if (isStopping) return [span('Stopping; Ctrl-C again quits at once', 'warn')];
  const keys = span('? help  q stop', 'dim');
  return isFrozen ? [span('FROZEN', 'warn'), '  ', span('p resume', 'dim')] : [keys];
}

function helpRows(): Row[] {
  return [
    [],
    [span('Keys', 'title')],
    ...keyHelp.map(([keys, effect]): Row => [span(`  ${keys.padEnd(16)}`, 'accent'), effect]),
  ];
}
