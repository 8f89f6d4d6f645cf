import fs, { readFileSync } from 'node:fs';
import { setTimeout as wait } from 'node:timers/promises';
await wait(5);
console.log(typeof require, import.meta.filename, fs.readFileSync === readFileSync);
const data = JSON.parse(await fs.promises.readFile('data.json', 'utf8'));
console.log(data.one);
