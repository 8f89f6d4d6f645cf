import { one } from './one';
import type { Two } from './two.ts';
import { two } from './two.js';
import three from './three.cts';
import * as lib from './lib';
const all: Two[] = [two];
console.log(one, all.length, three.three, lib.default);
