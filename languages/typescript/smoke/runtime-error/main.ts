function half(number: number): number {
  return missing / 2;
}

console.log('before');
half(1);
