const { execFileSync, execSync, spawn, fork } = require('child_process');
if (process.argv[2] === 'child') {
  process.on('message', (m) => { process.send(m * 2); process.disconnect(); });
} else {
  console.log(execSync('echo $((6*7)); exit 0').toString().trim(), execFileSync('cat', { input: 'in' }).toString());
  const child = spawn('sh', ['-c', 'kill -TERM $$']);
  child.on('exit', (code, signal) => {
    console.log(code, signal);
    const other = fork(__filename, ['child']);
    other.on('message', (m) => console.log('message', m));
    other.on('exit', (c) => console.log('exit', c));
    other.send(21);
  });
}
