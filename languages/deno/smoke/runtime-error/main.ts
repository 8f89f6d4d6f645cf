function fail(n: number) {
  throw new RangeError(`boom ${n}`);
}

fail(3);
