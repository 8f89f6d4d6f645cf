enum Colour { red, green }

function paint(colour: Colour): void {
  throw new RangeError(`no ${Colour[colour]}`);
}

paint(Colour.green);
