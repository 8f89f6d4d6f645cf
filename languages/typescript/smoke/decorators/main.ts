function sealed(target: unknown, context: unknown): void {}

@sealed
class One {}
