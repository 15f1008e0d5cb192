/**
 * What the sampling thread runs: it asks interfaces how they run. Not on the main thread, since asking
 * waits for the answer, and an engine that is stopped would stop the keys and signals of `top` too.
 */
import { type InterfaceProblem, type InterfaceSample, sampleOf } from "../../core/top/sample.ts";
import { UapiError } from "../../core/uapi/client.ts";
import { SystemClock } from "../../ffi/clock.ts";
import { SysError } from "../../ffi/errno.ts";
import { INTERFACES_AT_ONCE, mapAtOnce } from "../system/at_once.ts";
import { endedEngine } from "../system/ended_engines.ts";
import { listServedInterfaces } from "../system/served_interfaces.ts";
import { getStatus } from "../system/status_client.ts";
import {
  NO_ANSWER,
  type SampleFailure,
  type SampleRequest,
  type SampleResponse,
} from "./sampler.ts";

/** What this file uses of the global scope of a dedicated worker. */
interface WorkerScope {
  onmessage: ((event: MessageEvent<SampleRequest>) => void) | null;
  postMessage(message: SampleResponse | SampleFailure): void;
}

const scope = globalThis as unknown as WorkerScope;
const clock = new SystemClock();
const now = { boot: 0, wall: 0 };

/** Milliseconds on a clock that all threads have; performance.now() begins anew on each. */
function boot(): number {
  clock.read(now);
  return now.boot;
}

scope.onmessage = async ({ data }) => {
  try {
    scope.postMessage(await sampleAll(data));
  } catch (error) {
    // Deno prints what a thread throws, with its stack.
    if (!(error instanceof SysError)) throw error;
    scope.postMessage({ failure: error.message });
  }
};

async function sampleAll(request: SampleRequest): Promise<SampleResponse> {
  const { names, except, timeoutMs } = request;
  const found = names.length > 0 ? names : await listServedInterfaces();
  const wanted = found.filter((name) => !except.includes(name));
  const samples = await mapAtOnce(wanted, INTERFACES_AT_ONCE, (name) => sample(name, timeoutMs));
  return { samples, skipped: found.filter((name) => except.includes(name)), time: boot() };
}

async function sample(name: string, timeoutMs: number): Promise<InterfaceSample> {
  try {
    const status = await getStatus(name, Date.now(), timeoutMs);
    return sampleOf(status, boot());
  } catch (error) {
    if (!(error instanceof SysError || error instanceof UapiError)) throw error;
    return { name, time: boot(), found: problemOf(name, error) };
  }
}

function problemOf(name: string, error: SysError | UapiError): InterfaceProblem {
  if (error instanceof UapiError) return { problem: "error", reason: error.message };
  switch (error.code) {
    case "ENODEV":
    case "ENOENT":
    case "ECONNREFUSED":
    case "EPROTONOSUPPORT": { // there is no WireGuard in the kernel either
      const ended = endedEngine(name);
      return ended === null
        ? { problem: "gone", reason: "" }
        : { problem: "dead", reason: ended.reason };
    }
    case "EAGAIN":
      return { problem: NO_ANSWER, reason: "" };
    case "EOPNOTSUPP":
      return { problem: "no WireGuard interface", reason: "" };
    default:
      return { problem: "no access", reason: error.description };
  }
}
