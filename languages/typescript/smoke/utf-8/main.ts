import { readFileSync } from 'node:fs';

const text: string = readFileSync(0, 'utf8').trim();
console.log(text, text.length, '↔ 硅藻 🦠');
