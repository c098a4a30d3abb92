/**
 * Shows a button that saves the page, if a server shows it: the server of a live page is gone soon. Must be called
 * before anything else changes the page.
 */
export function offerSave(): void {
  if (!location.protocol.startsWith('http')) return;
  const page = `<!doctype html>\n${document.documentElement.outerHTML}\n`;
  const button = document.createElement('button');
  button.id = 'save';
  button.type = 'button';
  button.textContent = 'Save report';
  button.addEventListener('click', () => {
    const link = document.createElement('a');
    link.href = URL.createObjectURL(new Blob([page], { type: 'text/html' }));
    link.download = 'report.html';
    link.click();
    URL.revokeObjectURL(link.href);
  });
  document.getElementById('theme')?.before(button);
}
