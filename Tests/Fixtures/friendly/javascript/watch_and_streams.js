const { pipeline } = require('stream/promises');
const { Readable } = require('stream');
const fs = require('fs');
(async () => {
  await pipeline(Readable.from(['a', 'b', 'c']), async function* (source) { for await (const part of source) yield part.toUpperCase(); }, fs.createWriteStream('out'));
  console.log(fs.readFileSync('out', 'utf8'));
  const watcher = fs.watch('.', (event, name) => { console.log(name); watcher.close(); });
  fs.writeFileSync('seen', '');
})();
