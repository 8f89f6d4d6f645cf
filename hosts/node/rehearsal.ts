const one: number = 1;
module.exports = one;
