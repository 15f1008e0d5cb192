import type { ConfigEndpoint } from "../../core/config/types.ts";
import { IpAddress } from "../../core/ip.ts";
import { laterModule } from "../import_later.ts";
import type { FullLookup, LookupFailure } from "./address_info.ts";

/** What the thread that looks up names is asked. */
export interface LookupRequest {
  /** Path of the network namespace. */
  readonly namespace: string;
  readonly host: string;
  readonly port: string;
}

/** What it answers: objects of classes don't pass from thread to thread. */
export type LookupAnswer =
  | LookupFailure
  | readonly { readonly address: string; readonly port: number; readonly zone: string }[];

/**
 * Asks getaddrinfo(3) for `endpoint` as from the network namespace that `namespace` is the path of: name
 * servers may be reached from there only.
 */
export async function lookUpIn(
  namespace: string,
  { host, port }: ConfigEndpoint,
): Promise<FullLookup> {
  const worker = new Worker(laterModule("system/lookup_worker.ts"), { type: "module" });
  try {
    const { promise, resolve, reject } = Promise.withResolvers<LookupAnswer>();
    worker.onmessage = ({ data }: MessageEvent<LookupAnswer>) => resolve(data);
    worker.onerror = (event) => {
      event.preventDefault();
      reject(new Error(event.message));
    };
    const request: LookupRequest = { namespace, host, port: String(port) };
    worker.postMessage(request);
    const answer = await promise;
    if ("error" in answer) return answer;
    return answer.map((endpoint) => {
      const address = IpAddress.parse(endpoint.address);
      if (address === null) throw new TypeError(`not an address: ${endpoint.address}`);
      return { ...endpoint, address };
    });
  } finally {
    worker.terminate();
  }
}
