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
  document.documentElement.dataset.theme ??= remembered();
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
    const chosen = currentTheme() === 'dark' ? 'light' : 'dark';
    document.documentElement.dataset.theme = chosen;
    remember(chosen);
    changed();
  });
  darkWanted.addEventListener('change', changed);
}

/** The report follows the live page at its address, in the same tab. A page that is a file may have no storage. */
function remember(theme: ThemeName): void {
  try {
    sessionStorage.setItem('theme', theme);
  } catch {
    // The choice holds for this page.
  }
}

function remembered(): string {
  try {
    return sessionStorage.getItem('theme') ?? '';
  } catch {
    return '';
  }
}

const darkWanted = window.matchMedia('(prefers-color-scheme: dark)');
