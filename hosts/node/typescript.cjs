'use strict';
// TypeScript by Node's own stripper, which keeps lines and columns; by its transform where a file has syntax that
// is more than types (enum, namespace, parameter properties, import =); and imports as tools write them: without an
// ending, or with that of the file that a compiler would make.
//
// Preloaded (`--require`) into every TypeScript run, warm and fresh.

const Module = require('module');
const fs = require('fs');
const vm = require('vm');
const { fileURLToPath } = require('url');

const isTypeScript = /\.[cm]?ts$/;
const endings = ['.ts', '.mts', '.cts', '/index.ts'];
const compiled = [[/\.js$/, '.ts'], [/\.mjs$/, '.mts'], [/\.cjs$/, '.cts']];

// Says nothing about being experimental: which way is taken is our decision, not the program's.
function quietly(work) {
  const { emitWarning } = process;
  process.emitWarning = () => {};
  try {
    return work();
  } finally {
    process.emitWarning = emitWarning;
  }
}

function strip(code, url) {
  try {
    return quietly(() => Module.stripTypeScriptTypes(code, { mode: 'strip' }));
  } catch (error) {
    if (error.code !== 'ERR_UNSUPPORTED_TYPESCRIPT_SYNTAX') throw located(error, url);
  }
  process.setSourceMapsEnabled(true);
  try {
    const options = { mode: 'transform', sourceMap: true, sourceUrl: url };
    return quietly(() => Module.stripTypeScriptTypes(code, options));
  } catch (error) {
    throw located(error, url);
  }
}

// Node's message begins with the place, but not with the file's name.
function located(error, url) {
  error.stack = error.stack.replace(/^[^\n]*:(?=\d+\n)/, `${fileURLToPath(url)}:`);
  return error;
}

// V8 knows no decorators yet, and says only that '@' is unexpected.
function refuseDecorators(code, url) {
  if (!/^\s*(export\s+(default\s+)?)?@|[{;)]\s*@/m.test(code)) return;
  const blank = (text) => text.replace(/[^\n]/g, ' ');
  const script = code.replace(/^\s*import\b[^;'"(]*(['"])[^'"\n]*\1/gm, blank).replace(/^\s*export\b(\s+default\b)?/gm, blank);
  try {
    new vm.Script(`async () => {${script}\n}`, { filename: fileURLToPath(url) });
  } catch (error) {
    const place = /^(.*:\d+)\n(.*)\n( *)\^/.exec(error.stack);
    const at = place && place[2][place[3].length];
    if (at !== '@') return;
    const told = new SyntaxError('TypeScript decorators are not supported: neither type stripping nor the transform knows them');
    told.stack = `${place[1]}\n${place[2]}\n${place[3]}^\n\n${told}\n    at ${place[1]}:${place[3].length + 1}`;
    throw told;
  }
}

function load(url, context, next) {
  if (!url.startsWith('file:') || !isTypeScript.test(url)) return next(url, context);
  const loaded = next(url, context);
  if (loaded.source === null || loaded.source === undefined) return loaded;
  const source = strip(String(loaded.source), url);
  refuseDecorators(source, url);
  return { ...loaded, source };
}

function resolve(specifier, context, next) {
  try {
    return next(specifier, context);
  } catch (error) {
    const isMissing = error.code === 'ERR_MODULE_NOT_FOUND' || error.code === 'MODULE_NOT_FOUND'
      || error.code === 'ERR_UNSUPPORTED_DIR_IMPORT';
    if (!isMissing || !/^(\.\.?(\/|$)|\/|file:)/.test(specifier)) throw error;
    for (const candidate of candidates(specifier)) {
      try {
        return next(candidate, context);
      } catch (again) {
        if (again.code !== error.code && again.code !== 'ERR_MODULE_NOT_FOUND' && again.code !== 'MODULE_NOT_FOUND') throw again;
      }
    }
    throw error;
  }
}

function* candidates(specifier) {
  for (const [made, source] of compiled) if (made.test(specifier)) yield specifier.replace(made, source);
  for (const ending of endings) yield specifier.replace(/\/$/, '') + ending;
}

// Compiles the stripper, which takes longer than a run.
exports.rehearse = function rehearse() {
  strip('const one: number = 1;', 'file:///diatom/rehearsal.ts');
  quietly(() => Module.stripTypeScriptTypes('enum One { one }', { mode: 'transform', sourceMap: true }));
};

let isInstalled = false;

exports.install = function install() {
  if (isInstalled) return;
  isInstalled = true;
  if (Module.registerHooks === undefined || Module.stripTypeScriptTypes === undefined) {
    fs.writeSync(2, `TypeScript needs Node 22.15 or later; this is ${process.version}\n`);
    process.exit(1);
  }
  Module.registerHooks({ load, resolve });
};

if (module.parent?.id === 'internal/preload') exports.install();
