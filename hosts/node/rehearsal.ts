const one: number = 1;
export { one };
