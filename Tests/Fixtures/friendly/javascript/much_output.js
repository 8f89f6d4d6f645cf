const line = 'x'.repeat(99) + '\n';
let text = '';
for (let i = 0; i < 9000; i++) text += line;
process.stdout.write(text);
process.stdout.write('end\n');
