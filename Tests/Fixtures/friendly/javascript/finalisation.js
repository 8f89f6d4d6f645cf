const { AsyncLocalStorage } = require('async_hooks');
const storage = new AsyncLocalStorage();
storage.run(7, () => setTimeout(() => console.log(storage.getStore()), 1));
console.log(structuredClone({ a: new Map([[1, new Set([2])]]) }).a.get(1).has(2), new Intl.NumberFormat('en').format(1234.5));
