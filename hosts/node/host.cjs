'use strict';
// The warm Node host: forks a confined child for each run, or, where Node cannot be forked, waits for one itself.
//
// It runs as Node's first preloaded module (`--require`), after everything of a bare start and before the program
// is looked for. The host stays in here; a child returns, and Node goes on to run the entry as if it had just been
// started: no frame, hook or module of ours lies beneath the guest. See docs/design/0010-warm-node.md.

const ownEntry = '/home/user/main.js';
const typescript = '/diatom/typescript.cjs';
const preloadsTypescript = `--require=${typescript}`;

// Node says when it exits, and C must know with what code: see forking.c.
function findExitCode(forking) {
  for (const code of [0x5eed1, 0x1234567, 0x7654321, 0x2468ace]) {
    process.exitCode = code;
    forking.findExitCode(code);
  }
  process.exitCode = undefined;
}

// What programs do first is compiled here, once; and done once more in each child before it parks, since every page
// that is touched is copied. Nothing may draw a random number that siblings would share.
function rehearse(stream, Module, hooks) {
  const { Console } = require('console');
  const console = new Console({ stdout: stream, stderr: stream });
  console.log('rehearsal', 1, { a: [1, 'b'] }, new Map([[1, 2]]));
  console.error('%s: %d', 'rehearsal', 1);
  console.log(1);
  new Module(ownEntry)._compile('module.exports = require("path")', '/diatom/rehearsal.cjs');
  clearTimeout(setTimeout(() => {}, 1));
  Buffer.from('rehearsal').toString('base64');
  require(typescript);
  delete require.cache[typescript];
  hooks?.rehearse();
}

// With a pipe as standard output has it; what ends later than at once ends here, and not in every child.
function rehearseHost(forking, Module, hooks) {
  const { Socket } = require('net');
  for (let round = 0; round < 8; round++) {
    const [read, write] = forking.pipe();
    const stream = new Socket({ fd: write, readable: false, writable: true });
    stream._type = 'pipe';
    rehearse(stream, Module, hooks);
    stream.destroy();
    require('fs').closeSync(read);
  }
  for (let turn = 0; turn < 8; turn++) {
    process._tickCallback();
    forking.turnLoop();
  }
}

function rehearseChild(Module, hooks) {
  const { Writable } = require('stream');
  rehearse(new Writable({ write: (_chunk, _encoding, done) => done() }), Module, hooks);
}

function preload() {
  for (const name of ['assert', 'child_process', 'events', 'fs/promises', 'os', 'path', 'perf_hooks', 'readline',
    'stream/promises', 'timers/promises', 'tty', 'url', 'util', 'vm', 'zlib']) require(name);
}

// Node looks for the entry that the host was started with; what it finds is the run's. Twice for CommonJS, once for
// modules: before any of the guest's code it is as it was.
function redirect(entry) {
  const Module = require('module');
  const { _findPath } = Module;
  const restore = () => { Module._findPath = _findPath; };
  let left = 2;
  Module._findPath = function(request, paths, isMain) {
    if (request !== ownEntry) return Reflect.apply(_findPath, this, [request, paths, isMain]);
    if (--left === 0) restore();
    return Reflect.apply(_findPath, this, [entry, paths, isMain]);
  };
  queueMicrotask(restore);
}

// Makes the world that of a fresh `node [--require=…] ENTRY ARGUMENT…`. Tells whether that is one for TypeScript.
function become(argv, hooks) {
  const options = [];
  while (argv.length > 2 && argv[1].startsWith('--')) options.push(...argv.splice(1, 1));
  process.argv.splice(0, process.argv.length, process.execPath, ...argv.slice(1));
  process.execArgv.splice(0, process.execArgv.length, ...options);
  process.chdir('/home/user');
  if (process.env.TZ !== undefined) process.env.TZ = `${process.env.TZ}`; // V8 is told
  if (argv[1] !== ownEntry) redirect(argv[1]);
  const isTypescript = options.includes(preloadsTypescript);
  if (isTypescript) hooks.install();
  return isTypescript;
}

// What a forked process has of its host is put right.
function becomeForked(argv, forking, hooks) {
  const describe = (value) => ({ value, writable: false, enumerable: true, configurable: true });
  Object.defineProperty(process, 'pid', describe(forking.processID()));
  process.reallyExit = forking.reallyExit;
  if (become(argv, hooks)) shortenExit(forking);
}

// At the end Node would free what the stripper holds, copying every page of it. An end that can be no other than a
// good one, with all listeners done, is one already. Where the way differs the frame reads as Node's own.
function shortenExit(forking) {
  const source = `return { emit(name, code) {
    const done = Reflect.apply(emit, this, arguments);
    if (name === 'exit' && code === 0 && process._exiting && !process.exitCode) leave(0);
    return done;
  } }.emit`;
  const make = require('vm').compileFunction(source, ['emit', 'leave'], { filename: 'node:events' });
  const value = make(process.emit, forking.reallyExit);
  Object.defineProperty(Object.getPrototypeOf(process), 'emit', { value, writable: true, configurable: true });
}

// What the rehearsal left behind would be swept in every child.
function collect() {
  const v8 = require('v8');
  v8.setFlagsFromString('--expose-gc');
  require('vm').runInNewContext('gc')();
  v8.setFlagsFromString('--no-expose-gc');
}

function addOn(name) {
  const module = { exports: {} };
  process.dlopen(module, `/diatom/${name}.node`);
  return module.exports;
}

function loadTypescript() {
  const hooks = require(typescript);
  for (const name of [__filename, typescript]) delete require.cache[name];
  return hooks;
}

// Serves from now on; returns in children.
function fork(Module, rehearsed) {
  const forking = addOn('forking');
  findExitCode(forking);
  const hooks = loadTypescript();
  const known = rehearsed ? hooks : undefined;
  require('v8').setFlagsFromString('--no-flush-bytecode');
  preload();
  rehearseHost(forking, Module, known);
  collect();
  forking.serve();
  rehearseChild(Module, known);
  becomeForked(forking.park(), forking, hooks);
}

// Alone in its sandbox, and confined before it was Node: for one run, and nobody's parent.
function waitAlone(Module, rehearsed) {
  const pooling = addOn('pooling');
  const hooks = loadTypescript();
  preload();
  rehearseChild(Module, rehearsed && hooks.isSupported ? hooks : undefined);
  become(pooling.park(), hooks);
}

function main() {
  const Module = require('module');
  const { DIATOM_POOLED, DIATOM_TYPESCRIPT } = process.env;
  (DIATOM_POOLED === undefined ? fork : waitAlone)(Module, DIATOM_TYPESCRIPT !== undefined);
}

// A worker inherits how Node was started, not what its program was.
if (require('worker_threads').isMainThread) main();
else if (process.execArgv.includes(preloadsTypescript)) require(typescript).install();
