/** Adds a copy button to each command, if the browser allows it. */
export function offerCopies(): void {
  if (!('clipboard' in navigator)) return;
  for (const command of document.querySelectorAll<HTMLElement>('pre.command')) {
    const button = document.createElement('button');
    button.type = 'button';
    button.textContent = 'Copy';
    button.addEventListener('click', () => {
      const say = (word: string) => {
        button.textContent = word;
      };
      navigator.clipboard.writeText(command.textContent ?? '').then(
        () => say('Copied'),
        () => say('Cannot copy here'),
      );
    });
    command.after(button);
  }
}
