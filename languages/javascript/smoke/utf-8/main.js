const text = require('fs').readFileSync(0, 'utf8').trim();
console.log(text, text.length, '↔ 硅藻 🦠');
