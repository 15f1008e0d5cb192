import type { InterfaceSample } from "../../core/top/sample.ts";
import { laterModule } from "../import_later.ts";

/** A question to a sampling thread. */
export interface SampleRequest {
  /** Of interfaces; none means all there are. */
  readonly names: readonly string[];
  /** Those not to ask, whether or not they are there. */
  readonly except: readonly string[];
  /** For how long what serves an interface may keep silent, in milliseconds. */
  readonly timeoutMs: number;
}

/** Its answer. */
export interface SampleResponse {
  readonly samples: readonly InterfaceSample[];
  /** When it was complete, on the clock of the samples. */
  readonly time: number;
  /** Of those not to ask the ones that are there. */
  readonly skipped: readonly string[];
}

/** Its answer when it can't look for interfaces, and why. */
export interface SampleFailure {
  readonly failure: string;
}

/** What a sampling thread tells of an interface that let it wait in vain. */
export const NO_ANSWER = "no answer";

/** For how long what serves an interface may keep silent, in milliseconds. */
export interface SilenceLimits {
  /** While others wait to be shown. */
  readonly quick: number;
  /** Once it didn't answer within that time. */
  readonly slow: number;
}

const LIMITS: SilenceLimits = { quick: 1000, slow: 10_000 };

/**
 * Asks interfaces how they run, on threads of its own, since that waits for their answers. An interface
 * that didn't answer quickly is asked by the second thread from then on, which is patient, so that it
 * doesn't hold up the others.
 */
export class Sampler implements Disposable {
  readonly #quick = new SamplingThread();
  #slow: SamplingThread | null = null;
  /** The last that is known of the interfaces that the second thread asks. */
  readonly #slowSamples = new Map<string, InterfaceSample>();
  #isSlowBusy = false;
  #slowError: unknown = null;

  /** @param names of interfaces; none means all there are at the time of each sample */
  constructor(readonly names: readonly string[], readonly limits: SilenceLimits = LIMITS) {}

  /** Takes one sample; the one before must be complete. Rejects with what a thread threw. */
  async sample(): Promise<SampleResponse> {
    const except = [...this.#slowSamples.keys()];
    const { names, limits } = this;
    const response = await this.#quick.ask({ names, except, timeoutMs: limits.quick });
    if (this.#slowError !== null) throw this.#slowError;
    for (const name of except) {
      if (!response.skipped.includes(name)) this.#slowSamples.delete(name);
    }
    const late = except.flatMap((name) => this.#slowSamples.get(name) ?? []);
    for (const sample of late) {
      if (!isUnanswered(sample)) this.#slowSamples.delete(sample.name);
    }
    for (const sample of response.samples) {
      if (isUnanswered(sample)) this.#slowSamples.set(sample.name, sample);
    }
    this.#askSlowly();
    return { ...response, samples: [...response.samples, ...late] };
  }

  [Symbol.dispose](): void {
    this.#quick.end();
    this.#slow?.end();
  }

  #askSlowly(): void {
    if (this.#isSlowBusy || this.#slowSamples.size === 0) return;
    this.#isSlowBusy = true;
    this.#slow ??= new SamplingThread();
    const keep = ({ samples }: SampleResponse) => {
      for (const sample of samples) {
        if (this.#slowSamples.has(sample.name)) this.#slowSamples.set(sample.name, sample);
      }
    };
    const names = [...this.#slowSamples.keys()];
    this.#slow.ask({ names, except: [], timeoutMs: this.limits.slow })
      .then(keep, (error) => this.#slowError = error)
      .finally(() => this.#isSlowBusy = false);
  }
}

function isUnanswered({ found }: InterfaceSample): boolean {
  return "problem" in found && found.problem === NO_ANSWER;
}

class SamplingThread {
  readonly #worker = new Worker(laterModule("top/sampler_worker.ts"), {
    type: "module",
  });

  /** Asks; the answer to the question before must be there. */
  ask(request: SampleRequest): Promise<SampleResponse> {
    return new Promise((resolve, reject) => {
      this.#worker.onmessage = ({ data }: MessageEvent<SampleResponse | SampleFailure>) => {
        if ("failure" in data) reject(new Error(data.failure));
        else resolve(data);
      };
      this.#worker.onerror = (event) => {
        // An error that isn't prevented ends the process, and leaves the terminal as it is.
        event.preventDefault();
        reject(new Error(event.message));
      };
      this.#worker.postMessage(request);
    });
  }

  end(): void {
    this.#worker.terminate();
  }
}
