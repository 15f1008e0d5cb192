import type { Mutant } from "./mutant.ts";

const PRINT_TEST = "tests/core/uapi/print_response_test.ts";
const LONG_ANSWER_TEST = "tests/core/uapi/long_answer_test.ts";

/** What keeps what is printed of an interface right, and its secrets hidden. */
export const PRINTING_MUTANTS: Mutant[] = [
  {
    property: "a line of a peer that a long answer shouldn't have is never passed over",
    file: "core/uapi/long_answer.ts",
    snippet: "isNextPeer || isAt(answer, at, SUCCESS);",
    replacement: "answer[at] !== undefined;",
    testFile: "tests/core/show/peer_printers_test.ts",
    test: "dump prints peers of any kind in their order",
  },
  {
    property: "a long answer is wiped",
    file: "core/uapi/long_answer.ts",
    snippet: "    this.#answer.fill(0);\n",
    replacement: "",
    testFile: LONG_ANSWER_TEST,
    test: "nothing is left of an answer that was wiped, complete or not",
  },
  {
    property: "the last preshared key of a long answer is wiped",
    file: "core/uapi/long_answer.ts",
    snippet: "    this.#peer.presharedKey.fill(0);\n",
    replacement: "",
    testFile: LONG_ANSWER_TEST,
    test: "nothing is left of an answer that was wiped, complete or not",
  },
  {
    property: "a long answer leaves nothing where it moves away from",
    file: "core/uapi/long_answer.ts",
    snippet: "      this.#answer.set(rest);\n      old.fill(0);\n",
    replacement: "      this.#answer.set(rest);\n",
    testFile: LONG_ANSWER_TEST,
    test: "an answer that moves to a larger buffer leaves nothing in the first",
  },
  {
    property: "an engine prints no key that is to be hidden",
    file: "core/uapi/print_formats.ts",
    snippet: "if (showKeys) chunk.base64Key(key);",
    replacement: "if (key.length > 0) chunk.base64Key(key);",
    testFile: PRINT_TEST,
    test: "no key is printed that is to be hidden",
  },
  {
    property: "what an engine printed is wiped",
    file: "core/uapi/print_response.ts",
    snippet: "    chunk.wipe();\n",
    replacement: "",
    testFile: PRINT_TEST,
    test: "what was printed is wiped at the end, also at an early one",
  },
  {
    property: "peers that are sorted hold up no packet",
    file: "core/merge_sort.ts",
    snippet: "++comparisons % COMPARISONS_AT_ONCE === 0",
    replacement: "++comparisons < 0",
    testFile: "tests/core/merge_sort_test.ts",
    test: "a sort of very many pauses every now and then",
  },
  {
    property: "what was printed of secrets is wiped, all of it",
    file: "core/text_buffer.ts",
    snippet: "for (const block of this.#blocks.splice(0)) block.fill(0);",
    replacement: "this.#blocks.splice(0);",
    testFile: "tests/core/text_buffer_test.ts",
    test: "nothing is left of a text that was wiped",
  },
  {
    property: "the end of what was printed of secrets is wiped",
    file: "core/text_buffer.ts",
    snippet: "    this.#block.fill(0);\n",
    replacement: "",
    testFile: "tests/core/text_buffer_test.ts",
    test: "nothing is left of a text that was wiped",
  },
  {
    property: "the copy by which show sorts peers is wiped",
    file: "core/show/pretty_printer.ts",
    snippet: "    text.fill(0);\n",
    replacement: "",
    testFile: "tests/core/show/peer_printers_test.ts",
    test: "what is sorted to be shown is wiped, and so is what was printed",
  },
];
