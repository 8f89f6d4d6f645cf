interface Shape { area(): number }
enum Colour { red = 'r', green = 'g' }
namespace Tools { export const twice = (n: number): number => n * 2; }
abstract class Base<T> { constructor(protected readonly value: T) {} abstract show(): string }
class Square extends Base<number> implements Shape {
  area(): number { return this.value ** 2; }
  show(): string { return `${this.area() satisfies number}`; }
}
const square = new Square(3) as Shape & Square;
console.log(square.show(), Colour.green, Tools.twice(21), (<unknown>square) instanceof Base);
