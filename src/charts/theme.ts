/** The colours of one look. The pairs keep a contrast of 4.5 and more, and blue, orange and teal stay apart for the colour-blind. */
export interface Theme {
  readonly paper: string;
  readonly ink: string;
  /** Axes and small print. */
  readonly soft: string;
  /** Grid lines. */
  readonly line: string;
  /** Of series, in the order in which they are taken. */
  readonly first: string;
  readonly second: string;
  readonly third: string;
  /** Failures and objectives. */
  readonly bad: string;
  /** Shades of density, from few to many. */
  readonly ramp: readonly string[];
}

export type ThemeName = 'light' | 'dark';

export const themes: Readonly<Record<ThemeName, Theme>> = {
  light: {
    paper: '#ffffff',
    ink: '#1a1f26',
    soft: '#59636f',
    line: '#dde2e8',
    first: '#1257c4',
    second: '#b85400',
    third: '#0b7a63',
    bad: '#b3261e',
    ramp: ['#d3e2f6', '#86b0e8', '#3d7cd6', '#1450ab', '#0a2a63'],
  },
  dark: {
    paper: '#14171c',
    ink: '#e7eaee',
    soft: '#a0aab6',
    line: '#333a45',
    first: '#6ea4fb',
    second: '#f0a35a',
    third: '#4fc9a4',
    bad: '#ff8f86',
    ramp: ['#1e3556', '#2f5c9c', '#5f92e2', '#a9c8fb', '#eaf2ff'],
  },
};
