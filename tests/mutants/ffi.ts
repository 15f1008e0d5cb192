import type { Mutant } from "./mutant.ts";

const UDP_HEALING_TEST = "tests/ffi/udp_healing_test.ts";
const NETLINK_SOCKET_TEST = "tests/ffi/netlink_socket_test.ts";

/** What keeps the border to Linux safe. */
export const FFI_MUTANTS: Mutant[] = [
  {
    property: "a status socket is for its group only",
    file: "ffi/unix_socket.ts",
    snippet: "withUmask(group === null ? 0o077 : 0o117, () => {",
    replacement: "withUmask(group === null ? 0o077 : 0o111, () => {",
    testFile: "tests/ffi/unix_socket_test.ts",
    test: "a socket for a group is for that group, too, and nobody else",
  },
  {
    property: "joined datagrams that the system refuses are sent one by one",
    file: "ffi/udp_sender.ts",
    snippet: "for (let iovec = first; iovec < first + count; iovec++) {",
    replacement: "for (let iovec = first; iovec < first; iovec++) {",
    testFile: UDP_HEALING_TEST,
    test: "EMSGSIZE is remembered for the endpoint, and loses nothing",
  },
  {
    property: "an endpoint that joined datagrams can't reach is remembered",
    file: "ffi/udp_sender.ts",
    snippet: "this.#unjoined.set(endpoint, this.#now.boot + REMEMBER_MS);",
    replacement: "",
    testFile: UDP_HEALING_TEST,
    test: "EMSGSIZE is remembered for the endpoint, and loses nothing",
  },
  {
    property: "such an endpoint is tried again after a while",
    file: "ffi/udp_sender.ts",
    snippet: "if (this.#now.boot < until) return false;",
    replacement: "return false;",
    testFile: UDP_HEALING_TEST,
    test: "EINVAL is remembered for the endpoint, and loses nothing",
  },
  {
    property: "what is remembered of endpoints is bounded",
    file: "ffi/udp_sender.ts",
    snippet: "if (this.#unjoined.size >= MAX_REMEMBERED) this.#unjoined.clear();",
    replacement: "",
    testFile: UDP_HEALING_TEST,
    test: "the memory of endpoints is bounded",
  },
  {
    property: "a kernel that can't cut datagrams isn't asked to for a while",
    file: "ffi/udp_sender.ts",
    snippet: "    this.gso[version] = false;\n",
    replacement: "",
    testFile: UDP_HEALING_TEST,
    test: "EIO to two endpoints turns joining off for IPv4, and loses nothing",
  },
  {
    property: "then it is asked again",
    file: "ffi/udp_sender.ts",
    snippet: "if (this.#now.boot >= this.#retryAt[version]) this.#retryGso(version);",
    replacement: "",
    testFile: UDP_HEALING_TEST,
    test: "EIO to two endpoints turns joining off for IPv4, and loses nothing",
  },
  {
    property: "the route to one endpoint doesn't turn joining off for all",
    file: "ffi/udp_sender.ts",
    snippet: "if (datagrams > taken) this.#socketRefusals[this.#version] = 0;",
    replacement: "",
    testFile: UDP_HEALING_TEST,
    test: "EIO to one endpoint leaves those to others joined",
  },
  {
    property: "what a destination is refused for isn't tried for each datagram",
    file: "ffi/udp_sender.ts",
    snippet: "if (iovec > first && sent === 0 && concernsDestination(error)) return 0;",
    replacement: "",
    testFile: UDP_HEALING_TEST,
    test: "EPERM concerns the destination: joined datagrams aren't tried one by one",
  },
  {
    property: "requests by netlink, which may hold keys, are wiped",
    file: "ffi/netlink_socket.ts",
    snippet: "      bytes.fill(0);\n",
    replacement: "",
    testFile: NETLINK_SOCKET_TEST,
    test: "what was sent is wiped, and an answer that holds secrets too",
  },
  {
    property: "answers by netlink that hold keys are wiped",
    file: "ffi/netlink_socket.ts",
    snippet: "if (secret) message.payload.fill(0);",
    replacement: "",
    testFile: NETLINK_SOCKET_TEST,
    test: "what was sent is wiped, and an answer that holds secrets too",
  },
  {
    property: "firewall rules that the kernel refused are not taken for made",
    file: "ffi/netlink_socket.ts",
    snippet:
      "throwIfFailed(decodeAcknowledgement(message), describe);\n      return message.sequence",
    replacement: "return message.sequence",
    testFile: "tests/ffi/nftables_test.ts",
    test: "a kernel without nf_tables is told from one that refuses",
  },
];
