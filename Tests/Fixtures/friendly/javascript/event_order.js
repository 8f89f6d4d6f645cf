console.log('main');
setTimeout(() => console.log('timeout'), 0);
setImmediate(() => setTimeout(() => console.log('later'), 5));
process.nextTick(() => console.log('tick'));
Promise.resolve().then(() => console.log('promise'));
process.on('beforeExit', () => console.log('before exit'));
process.on('exit', (code) => console.log('exit', code, process.exitCode));
