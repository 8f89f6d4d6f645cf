// A context of a session in JavaScript: Node's own REPL evaluates one cell after another, and this hands on what they come to.
//
// Descriptor 0 is the socket of cells; frames are four bytes of length, little endian, and a JSON object. See hosts/PROTOCOL.md.
// Declarations of all cells are global, as in the REPL; a static import at the beginning of a line becomes a dynamic one.
'use strict';
const { inspect } = require('node:util');
const { PassThrough, Readable } = require('node:stream');
const { Socket } = require('node:net');
const modules = require('node:module');
const { createRequire } = modules;
const repl = require('node:repl');

const TYPESCRIPT = process.argv.includes('typescript');
const MOST_FRAME = 8 << 20;

const cells = new Socket({ fd: 0, readable: true, writable: true });
Object.defineProperty(process, 'stdin', { value: Readable.from([]), configurable: true });

function send(frame) {
  let body = Buffer.from(JSON.stringify(frame));
  if (body.length > MOST_FRAME) {
    const kind = Object.keys(frame)[0];
    body = Buffer.from(JSON.stringify({ [kind]: { 'text/plain': `<${body.length} bytes, more than are handed on>` } }));
  }
  const head = Buffer.alloc(4);
  head.writeUInt32LE(body.length);
  cells.write(Buffer.concat([head, body]));
}

const server = repl.start({
  prompt: '', input: new PassThrough(), output: new PassThrough(), terminal: false, useGlobal: true, breakEvalOnSigint: true,
});
globalThis.require = createRequire('/home/user/');
globalThis.display = (value) => send({ display: forms(value) });

function forms(value) {
  const shown = { 'text/plain': inspect(value, { depth: 4 }) };
  if (value !== null && typeof value === 'object' && typeof value.toHTML === 'function') shown['text/html'] = String(value.toHTML());
  return shown;
}

// `import a, { b as c } from 'm'`, `import * as n from 'm'`, `import 'm'`
function withoutStaticImports(code) {
  return code.replace(/^import\s+(?:([\s\S]*?)\s+from\s+)?(['"])([^'"\n]+)\2[ \t]*;?/gm, (whole, clause, quote, name) => {
    const loaded = `await import(${JSON.stringify(name)})`;
    if (!clause) return `${loaded};`;
    const named = clause.match(/^(?:([\w$]+)\s*,?\s*)?(?:\*\s+as\s+([\w$]+)|(\{[\s\S]*\}))?$/);
    if (!named) return whole;
    const parts = [];
    if (named[1]) parts.push(`var { default: ${named[1]} } = ${loaded}`);
    if (named[2]) parts.push(`var ${named[2]} = ${loaded}`);
    if (named[3]) parts.push(`var ${named[3].replace(/\bas\b/g, ':')} = ${loaded}`);
    return `${parts.join('; ')};`;
  });
}

// Errors of what a cell does at once go to the REPL's domain, and not to who asked.
let failed = () => {};
server._domain?.on('error', (error) => failed(error));

// While code runs by itself the REPL breaks it off on SIGINT, which only works where nobody else listens; while it waits
// for something this does.
const ignore = () => {};
process.on('SIGINT', ignore);

function evaluate(code) {
  return new Promise((resolve, reject) => {
    let isOver = false;
    const interrupt = () => end(reject, new Error('the cell was interrupted'));
    const end = (settle, value) => {
      isOver = true;
      process.removeListener('SIGINT', interrupt);
      settle(value);
    };
    failed = (error) => end(reject, error);
    process.removeListener('SIGINT', ignore);
    try {
      server.eval(`${code}\n`, server.context, 'cell', (error, value) => {
        if (error) end(reject, error instanceof repl.Recoverable ? error.err : error); else end(resolve, value);
      });
    } finally {
      process.on('SIGINT', ignore);
      if (!isOver) process.once('SIGINT', interrupt);
    }
  });
}

let count = 0;

async function run({ code, env }) {
  const before = {};
  for (const [name, value] of Object.entries(env ?? {})) { before[name] = process.env[name]; process.env[name] = value; }
  let succeeded = false;
  try {
    if (TYPESCRIPT) code = modules.stripTypeScriptTypes(code, { mode: 'transform' });
    const value = await evaluate(withoutStaticImports(code));
    if (value !== undefined) send({ result: forms(value) });
    succeeded = true;
  } catch (error) {
    const isError = error instanceof Error || (error !== null && typeof error === 'object' && 'stack' in error);
    send({
      error: {
        name: isError ? error.name : 'Thrown', message: isError ? error.message : inspect(error),
        traceback: isError ? String(error.stack).split('\n').filter((line) => !line.includes('node:') && !line.includes('[eval]')) : [],
      },
    });
  }
  for (const [name, value] of Object.entries(before)) { if (value === undefined) delete process.env[name]; else process.env[name] = value; }
  send({ finished: { succeeded, execution_count: ++count } });
}

// What cells leave behind fails without ending the context.
process.on('uncaughtException', (error) => process.stderr.write(`${error?.stack ?? inspect(error)}\n`));
process.on('unhandledRejection', (error) => process.stderr.write(`${error?.stack ?? inspect(error)}\n`));

let pending = Buffer.alloc(0);
let turn = Promise.resolve();
cells.on('data', (bytes) => {
  pending = Buffer.concat([pending, bytes]);
  while (pending.length >= 4 && pending.length >= 4 + pending.readUInt32LE(0)) {
    const size = pending.readUInt32LE(0);
    const frame = JSON.parse(pending.subarray(4, 4 + size).toString());
    pending = pending.subarray(4 + size);
    if (frame.cell) turn = turn.then(() => run(frame.cell));
  }
});
cells.on('close', () => process.exit(0));
