/**
 * A thread that looks up names in another network namespace: it enters that for good. Loaded by
 * `lookUpIn`.
 *
 * @module
 */
import { errno } from "../../ffi/errno.ts";
import { O_CLOEXEC, O_RDONLY } from "../../ffi/layout.ts";
import { libc } from "../../ffi/libc.ts";
import { enterNetworkNamespace } from "../../ffi/namespace.ts";
import { cString } from "../../ffi/text.ts";
import { addressHints, takeEndpoints } from "./address_info.ts";
import type { LookupAnswer, LookupRequest } from "./namespace_lookup.ts";

const scope = globalThis as unknown as {
  onmessage: (event: MessageEvent<LookupRequest>) => void;
  postMessage(answer: LookupAnswer): void;
};

scope.onmessage = ({ data: { namespace, host, port } }) => {
  const fd = libc.open(cString(namespace), O_RDONLY | O_CLOEXEC, 0);
  enterNetworkNamespace(fd, namespace);
  const result = new BigUint64Array(1);
  const error = libc.getaddrinfo_now(cString(host), cString(port), addressHints(), result);
  const found = takeEndpoints(error, result, errno());
  scope.postMessage(
    "error" in found
      ? found
      : found.map((endpoint) => ({ ...endpoint, address: endpoint.address.toString() })),
  );
};
