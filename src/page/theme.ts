import type { ThemeName } from '../charts/theme.js';

/** What is shown now: what was chosen here, else what the system asks for. */
export function currentTheme(): ThemeName {
  const chosen = document.documentElement.dataset.theme;
  if (chosen === 'light' || chosen === 'dark') return chosen;
  return darkWanted.matches ? 'dark' : 'light';
}

/** Shows the button that turns the page dark or light. @param onChange called when it looks different from then on. */
export function offerThemes(onChange: () => void): void {
  const button = document.getElementById('theme');
  if (button === null) return;
  const label = () => {
    button.textContent = currentTheme() === 'dark' ? 'Light theme' : 'Dark theme';
  };
  const changed = () => {
    label();
    onChange();
  };
  button.hidden = false;
  label();
  button.addEventListener('click', () => {
    document.documentElement.dataset.theme = currentTheme() === 'dark' ? 'light' : 'dark';
    changed();
  });
  darkWanted.addEventListener('change', changed);
}

const darkWanted = window.matchMedia('(prefers-color-scheme: dark)');
