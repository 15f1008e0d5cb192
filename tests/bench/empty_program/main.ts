/**
 * Does nothing but have one worker: what a compiled program of this runtime occupies at least. Creates
 * the file that its argument names when the worker runs.
 */
const worker = new Worker(new URL("./worker.ts", import.meta.url), { type: "module" });
worker.onmessage = () => Deno.writeTextFileSync(Deno.args[0] ?? "", "");
