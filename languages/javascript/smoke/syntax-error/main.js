console.log('a');
let one two;
