import { createInterface } from 'node:readline';

for await (const line of createInterface({ input: process.stdin })) {
  const number: number = Number(line);
  console.log(number * number);
}
