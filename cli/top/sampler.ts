import type { InterfaceSample } from "../../core/top/sample.ts";

/** A question to the sampling thread. */
export interface SampleRequest {
  /** Of interfaces; none means all there are. */
  readonly names: readonly string[];
}

/** Its answer. */
export interface SampleResponse {
  readonly samples: readonly InterfaceSample[];
  /** When it was complete, on the clock of the samples. */
  readonly time: number;
}

/** Asks interfaces how they run, on a thread of its own. */
export class Sampler implements Disposable {
  readonly #worker = new Worker(new URL("./sampler_worker.ts", import.meta.url), {
    type: "module",
  });

  /** @param names of interfaces; none means all there are at the time of each sample */
  constructor(readonly names: readonly string[]) {}

  /** Takes one sample; the one before must be complete. Rejects with what the thread threw. */
  sample(): Promise<SampleResponse> {
    return new Promise((resolve, reject) => {
      this.#worker.onmessage = ({ data }: MessageEvent<SampleResponse>) => resolve(data);
      this.#worker.onerror = (event) => {
        // An error that isn't prevented ends the process, and leaves the terminal as it is.
        event.preventDefault();
        reject(new Error(event.message));
      };
      const request: SampleRequest = { names: this.names };
      this.#worker.postMessage(request);
    });
  }

  [Symbol.dispose](): void {
    this.#worker.terminate();
  }
}
