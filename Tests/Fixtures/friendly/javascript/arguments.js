console.log(process.argv.length, JSON.stringify(process.argv.slice(2)), process.argv[1], process.execArgv.length);
console.log(require.main === module, __filename, __dirname, process.cwd(), process.pid > 1);
