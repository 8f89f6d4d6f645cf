const fs = require('fs');
fs.mkdirSync('a/b', { recursive: true });
fs.writeFileSync('a/b/x.txt', 'größer\n');
fs.appendFileSync('a/b/x.txt', '2\n');
console.log(fs.readFileSync('a/b/x.txt', 'utf8').split('\n'), fs.readdirSync('a'), fs.statSync('a/b/x.txt').size);
fs.createReadStream('a/b/x.txt').pipe(fs.createWriteStream('copy')).on('close', () => console.log(fs.readFileSync('copy').length));
