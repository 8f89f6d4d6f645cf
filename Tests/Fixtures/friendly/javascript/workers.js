const { Worker, isMainThread, parentPort, workerData } = require('worker_threads');
if (isMainThread) {
  const shared = new Int32Array(new SharedArrayBuffer(4));
  let left = 2;
  for (const n of [1, 2]) {
    const worker = new Worker(__filename, { workerData: { n, shared } });
    worker.on('message', (m) => {});
    worker.on('exit', (code) => { if (--left === 0) console.log(code, Atomics.load(shared, 0)); });
  }
} else {
  for (let i = 0; i < 1000; i++) Atomics.add(workerData.shared, 0, workerData.n);
  parentPort.postMessage('done');
}
