/// <reference lib="deno.worker" />
self.postMessage("running");
