import { area } from './shapes/square';
import { Colour } from './colours.js';

console.log(area(3), Colour[1]);
