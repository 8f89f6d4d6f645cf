console.log('a');
const one: = 2;
