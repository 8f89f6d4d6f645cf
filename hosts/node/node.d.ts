// What Node has besides ECMAScript and the web, for a type check where no @types/node is installed: names without types.
declare var process: any, Buffer: any, global: any, module: any, exports: any;
declare var require: any, __filename: string, __dirname: string;
declare function setImmediate(callback: (...args: any[]) => void, ...args: any[]): any;
declare function clearImmediate(immediate: any): void;
type Buffer = any;
declare namespace NodeJS {
  type Timeout = any;
  type Immediate = any;
  type ErrnoException = any;
  type ProcessEnv = any;
  type ReadableStream = any;
  type WritableStream = any;
}
interface ImportMeta { filename: string; dirname: string; resolve(specifier: string): string; url: string }
declare module 'node:*';
declare module 'assert'; declare module 'assert/strict'; declare module 'async_hooks'; declare module 'buffer';
declare module 'child_process'; declare module 'cluster'; declare module 'console'; declare module 'constants';
declare module 'crypto'; declare module 'dgram'; declare module 'diagnostics_channel'; declare module 'dns';
declare module 'dns/promises'; declare module 'events'; declare module 'fs'; declare module 'fs/promises';
declare module 'http'; declare module 'http2'; declare module 'https'; declare module 'module'; declare module 'net';
declare module 'os'; declare module 'path'; declare module 'path/posix'; declare module 'path/win32';
declare module 'perf_hooks'; declare module 'process'; declare module 'punycode'; declare module 'querystring';
declare module 'readline'; declare module 'readline/promises'; declare module 'repl'; declare module 'stream';
declare module 'stream/consumers'; declare module 'stream/promises'; declare module 'stream/web';
declare module 'string_decoder'; declare module 'sys'; declare module 'timers'; declare module 'timers/promises';
declare module 'tls'; declare module 'tty'; declare module 'url'; declare module 'util'; declare module 'util/types';
declare module 'v8'; declare module 'vm'; declare module 'worker_threads'; declare module 'zlib';
