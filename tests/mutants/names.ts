import type { Mutant } from "./mutant.ts";

const MESSAGE_TEST = "tests/core/dns_client/message_test.ts";
const SEARCH_TEST = "tests/core/endpoint_search_test.ts";
const NAMED_TEST = "tests/cli/engine/named_endpoints_test.ts";
const RESOLVER_TEST = "tests/cli/engine/stub_resolver_test.ts";
const ONLY_THE_ANSWER = "only the answer to the question counts";
const OTHERS_IGNORED = "answers from elsewhere, to other questions and with wrong ids are ignored";

/** What keeps forged answers of name servers out, and peers where they are. */
export const NAMES_MUTANTS: Mutant[] = [
  {
    property: "an endpoint has a zone only where datagrams come from a zone",
    file: "core/zone.ts",
    snippet: 'zone === "" || !isZoned(address) ? 0',
    replacement: 'zone === "" ? 0',
    testFile: "tests/cli/engine/control_connection_test.ts",
    test: "control connection: an endpoint has a zone only where Linux needs one",
  },
  {
    property: "no answer names a zone where wg understands no name",
    file: "core/zone.ts",
    snippet: "return isOfLink(address) ? nameOf(scopeId) : String(scopeId);",
    replacement: "return nameOf(scopeId);",
    testFile: "tests/core/uapi/get_response_test.ts",
    test: "formatUapiGet writes IPv6 endpoints in brackets, with their zone",
  },
  {
    property: "an answer has the id of the query",
    file: "core/dns_client/message.ts",
    snippet: "if (view.getUint16(0) !== question.id) return null;",
    replacement: "",
    testFile: MESSAGE_TEST,
    test: ONLY_THE_ANSWER,
  },
  {
    property: "an answer is to the question that was asked",
    file: "core/dns_client/message.ts",
    snippet: "if (!isSame) return null;",
    replacement: "",
    testFile: RESOLVER_TEST,
    test: OTHERS_IGNORED,
  },
  {
    property: "ids of queries are random",
    file: "core/dns_client/exchange.ts",
    snippet: "this.#random(id);",
    replacement: "",
    testFile: "tests/core/dns_client/lookup_test.ts",
    test: "both families are asked for at the same time, with ids of their own",
  },
  {
    property: "an answer comes from the server that was asked",
    file: "ffi/client_socket.ts",
    snippet: "if (libc.connect(fd, bytes, size) < 0) {",
    replacement: "if (protocol === 'tcp' && libc.connect(fd, bytes, size) < 0) {",
    testFile: RESOLVER_TEST,
    test: OTHERS_IGNORED,
  },
  {
    property: "names lead to earlier bytes only, and so never in circles",
    file: "core/dns_client/domain_name.ts",
    snippet: "if (target >= first) return null;",
    // With circles, the test would never end.
    replacement: "if (target === first) return null;",
    testFile: MESSAGE_TEST,
    test: "pointers lead backwards only",
  },
  {
    property: "queries carry the mark",
    file: "ffi/client_socket.ts",
    snippet: "if (mark !== 0) {",
    replacement: "if (mark < 0) {",
    testFile: "tests/ffi/client_socket_test.ts",
    test: "a client socket has its mark before it is connected, and never blocks",
  },
  {
    property: "queries leave by the interface that the tunnel is bound to",
    file: "ffi/client_socket.ts",
    snippet: "if (bound.interfaceName !== null) bindToInterface(fd, bound.interfaceName);",
    replacement: "",
    testFile: "tests/ffi/client_socket_test.ts",
    test: "a client socket is bound to its address and interface, unless it leads to this host",
  },
  {
    property: "queries leave from the address that the tunnel is bound to",
    file: "ffi/client_socket.ts",
    snippet: "if (local !== undefined) bindToAddress(fd, local);",
    replacement: "",
    testFile: "tests/ffi/client_socket_test.ts",
    test: "a client socket is bound to its address and interface, unless it leads to this host",
  },
  {
    property: "sockets aren't left with an interface that is gone when another one takes its place",
    file: "cli/engine/udp_binding.ts",
    snippet: "if (this.sockets === null || index === this.#interfaceIndex) return",
    replacement: "if (index !== 0) return",
    testFile: "tests/cli/engine/bound_interface_test.ts",
    test: "sockets are bound to the interface that has the name now",
  },
  {
    property: "a peer that still sends is left where it is when a handshake isn't answered",
    file: "core/endpoint_search.ts",
    snippet: "if (this.peer.receivedBytes !== this.#receivedBytes) this.#rest(now);\n      else if",
    replacement: "if",
    testFile: NAMED_TEST,
    test: "a peer that has roamed and still sends is left where it is",
  },
  {
    property: "a peer that has roamed isn't moved by a lookup on a schedule",
    file: "core/endpoint_search.ts",
    snippet: "if (isOurs && !this.knows(endpoint)) {",
    replacement: "if (endpoint !== null && !this.knows(endpoint)) {",
    testFile: SEARCH_TEST,
    test: "on a schedule, a new address is followed, but not when the peer has roamed",
  },
  {
    property: "an address set by hand isn't overridden by the name",
    file: "cli/engine/named_endpoints.ts",
    snippet: "if (!search.knows(peer.endpoint)) return this.set(peer, null);",
    replacement: "",
    testFile: NAMED_TEST,
    test: "an address set by hand ends the name, unless the name has it",
  },
  {
    property: "lookups become rarer while nothing answers",
    file: "core/endpoint_search.ts",
    snippet: "this.#pause = Math.min(2 * this.#pause, LAST_LOOKUP_PAUSE_MS);",
    replacement: "",
    testFile: SEARCH_TEST,
    test: "while nothing answers, lookups become rarer, and all addresses are tried again",
  },
  {
    property: "the addresses of other names don't count",
    file: "core/dns_client/message.ts",
    snippet: "records.filter((record) => record.owner === owner)",
    replacement: "records",
    testFile: MESSAGE_TEST,
    test: "aliases are followed in any order, but not in circles; other records are skipped",
  },
  {
    property: "a chain of pointers doesn't keep the engine busy",
    file: "core/dns_client/domain_name.ts",
    snippet: "      if (++pointers > MAX_POINTERS) return null;\n",
    replacement: "",
    testFile: MESSAGE_TEST,
    test: "a name isn't made of more pointers than it may have labels",
  },
  {
    property: "an answer of thousands of records doesn't keep the engine busy",
    file: "core/dns_client/message.ts",
    snippet: "Math.min(count, MAX_RECORDS)",
    replacement: "count",
    testFile: MESSAGE_TEST,
    test: "no more than 64 records of an answer are read",
  },
];
