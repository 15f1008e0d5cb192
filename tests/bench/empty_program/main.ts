/** Does nothing but have one worker: what a compiled program of this runtime occupies at least. */
new Worker(new URL("./worker.ts", import.meta.url), { type: "module" });
setInterval(() => {}, 1 << 30);
