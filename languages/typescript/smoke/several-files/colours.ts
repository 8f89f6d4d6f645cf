export enum Colour { red, green }
