'use strict';
// TypeScript by Node's own stripper, which keeps lines and columns; by its transform where a file has syntax that
// is more than types (enum, namespace, parameter properties, import =); and imports as tools write them: without an
// ending, or with that of the file that a compiler would make.
//
// Preloaded (`--require`) into every TypeScript run, warm and fresh.

const Module = require('module');
const fs = require('fs');
const vm = require('vm');
const { dirname, join } = require('path');
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

const notCommonJS = /^(Cannot use import statement|Cannot use 'import\.meta'|Unexpected token 'export'|await is only valid)/;
// What a module may do, and an async function as well.
const onlyInCommonJS = /^(Unexpected reserved word|Identifier '(exports|require|module|__filename|__dirname)' has already)/;
const wrapper = ['exports', 'require', 'module', '__filename', '__dirname'];

function packageType(folder) {
  let manifest;
  try {
    manifest = fs.readFileSync(join(folder, 'package.json'), 'utf8');
  } catch {
    return folder === '/' ? undefined : packageType(dirname(folder));
  }
  try {
    return JSON.parse(manifest).type;
  } catch {
    return undefined; // Node says what is wrong with it when it resolves
  }
}

function compilesAsync(source) {
  try {
    new vm.Script(`(async () => {${source}\n})`);
    return true;
  } catch {
    return false;
  }
}

// As Node decides it for JavaScript: the ending, the nearest package.json, what the text is.
function formatOf(url, source) {
  if (url.endsWith('.mts')) return 'module';
  if (url.endsWith('.cts')) return 'commonjs';
  const type = packageType(dirname(fileURLToPath(url)));
  if (type === 'module' || type === 'commonjs') return type;
  if (!/\b(import|export|await)\b/.test(source)) return 'commonjs';
  try {
    vm.compileFunction(source, wrapper, { filename: fileURLToPath(url) });
  } catch (error) {
    if (notCommonJS.test(error.message)) return 'module';
    if (onlyInCommonJS.test(error.message) && compilesAsync(source)) return 'module';
  }
  return 'commonjs';
}

function load(url, context, next) {
  if (!url.startsWith('file:') || !isTypeScript.test(url)) return next(url, context);
  const source = strip(fs.readFileSync(fileURLToPath(url), 'utf8'), url);
  refuseDecorators(source, url);
  return { source, format: formatOf(url, source), shortCircuit: true };
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
  const hooks = Module.registerHooks({ load, resolve });
  require('/diatom/rehearsal.ts');
  delete require.cache['/diatom/rehearsal.ts'];
  strip('export enum One { one }', 'file:///diatom/rehearsal.ts');
  process.setSourceMapsEnabled(false);
  hooks.deregister();
};

exports.isSupported = Module.registerHooks !== undefined && Module.stripTypeScriptTypes !== undefined;

let isInstalled = false;

exports.install = function install() {
  if (isInstalled) return;
  isInstalled = true;
  if (!exports.isSupported) {
    fs.writeSync(2, `TypeScript needs Node 22.15 or later; this is ${process.version}\n`);
    process.exit(1);
  }
  Module.registerHooks({ load, resolve });
};

if (module.parent?.id === 'internal/preload') exports.install();
