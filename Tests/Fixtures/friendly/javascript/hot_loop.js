function fib(n) { return n < 2 ? n : fib(n - 1) + fib(n - 2); }
console.log(fib(27));
const all = [];
for (let i = 0; i < 200000; i++) all.push({ i, text: `t${i}` });
console.log(all.filter((one) => one.i % 1000 === 0).length);
