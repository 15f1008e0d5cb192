/**
 * A thread that looks up names in another network namespace, while the others stay in theirs. Loaded by
 * `lookUpIn`.
 *
 * @module
 */
import { errno } from "../../ffi/errno.ts";
import { libc } from "../../ffi/libc.ts";
import { inNetworkNamespace } from "../../ffi/namespace.ts";
import { cString } from "../../ffi/text.ts";
import { addressHints, takeEndpoints } from "./address_info.ts";
import type { LookupAnswer, LookupRequest } from "./namespace_lookup.ts";

const scope = globalThis as unknown as {
  onmessage: (event: MessageEvent<LookupRequest>) => void;
  postMessage(answer: LookupAnswer): void;
};

scope.onmessage = ({ data: { namespace, host, port } }) => {
  const found = inNetworkNamespace(namespace, () => {
    const result = new BigUint64Array(1);
    const error = libc.getaddrinfo_now(cString(host), cString(port), addressHints(), result);
    return takeEndpoints(error, result, errno());
  });
  scope.postMessage(
    "error" in found
      ? found
      : found.map((endpoint) => ({ ...endpoint, address: endpoint.address.toString() })),
  );
};
