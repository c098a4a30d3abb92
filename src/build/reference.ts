import { writeFileSync } from 'node:fs';
import { referencePages } from './pages.js';

for (const [path, text] of await referencePages()) {
  writeFileSync(new URL(`../../${path}`, import.meta.url), text);
}
