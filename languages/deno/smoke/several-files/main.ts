import { area } from "./shapes/square.ts";

console.log(area(3));
