import { readFile } from 'node:fs/promises';
const text: string = await readFile('main.ts', 'utf8');
console.log(text.length > 10, import.meta.filename);
export {};
