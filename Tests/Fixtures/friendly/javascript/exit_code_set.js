process.on('exit', () => { process.exitCode = 5; });
process.exitCode = 4;
