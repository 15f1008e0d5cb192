import assert from "node:assert/strict";
import { ConfigDocument } from "../../../core/config/document.ts";
import { readPeerNames } from "../../../core/config/peer_names.ts";
import { parseQuickConfig } from "../../../core/config/quick.ts";
import { formatKey, parseKey } from "../../../core/keys.ts";
import { formatUapiPeerNames } from "../../../core/uapi/peer_names.ts";

const key = (byte: number) => formatKey(new Uint8Array(32).fill(byte));
const A = key(1), B = key(2);

function names(text: string): Record<string, string> {
  return Object.fromEntries(readPeerNames(ConfigDocument.parse(text, "wg0.conf")));
}

/** The name that the lines of one [Peer] section and those above it give. */
function nameOf(text: string): string | null {
  return names(text.replace("KEY", `PublicKey = ${A}`))[A] ?? null;
}

Deno.test("peer names: # Name = in the section, however it is written", () => {
  const lines = ["# Name = Alice", "#Name=Alice", "  #  name =  Alice  ", "## NAME = Alice"];
  for (const line of [...lines, "# Name = Alice\r"]) {
    assert.equal(nameOf(`[Peer]\n${line}\nKEY\n`), "Alice", line);
    assert.equal(nameOf(`[Peer]\nKEY\n\n${line}\n`), "Alice", line);
  }
  assert.equal(nameOf("[Peer]\n# friendly_name=Alice\nKEY\n"), "Alice");
  assert.equal(nameOf("[Peer]\n# Name = old\nKEY\n# Name = new\n"), "new");
  assert.equal(nameOf("# above\n[Peer] # behind\n# below\nKEY\n# Name = Alice = me"), "Alice = me");
});

Deno.test("peer names: a comment behind, above or below [Peer], in this order", () => {
  assert.equal(nameOf("# above\n[Peer] # behind\n# below\nKEY\n"), "behind");
  assert.equal(nameOf("# far\n# above\n[Peer]\n# below\nKEY\n"), "above");
  assert.equal(nameOf("[Peer]\n# below\nKEY\n"), "below");
  assert.equal(nameOf("### begin alice ###\n[Peer]\nKEY\n"), "begin alice");
  assert.equal(nameOf("# Client: alice (1)\n[Peer]\nKEY\n"), "Client: alice (1)");
});

Deno.test("peer names: other comments are none", () => {
  for (
    const text of [
      "[Peer]\nKEY\n# somewhere\n",
      "# above\n\n[Peer]\nKEY\n",
      "[Peer]\n\n# below\nKEY\n",
      "# Endpoint = 192.0.2.1:1\n[Peer]\n# PersistentKeepalive=25\nKEY\n",
      "# Post Up = x\n[Peer]\n#[Peer]\nKEY\n",
      "# -------\n[Peer]\nKEY\n",
      `# ${key(77)}\n[Peer]\n# key of alice: ${key(78)}\nKEY\n# Name = ${key(79)}\n`,
      `# PrivateKey = ${key(77)}\n[Peer]\nKEY\n`,
      "[Peer]\nKEY # Alice\n",
      "KEY\n# Name = Alice\n",
      "[Interface]\nKEY\n# Name = me\n",
    ]
  ) {
    assert.equal(nameOf(text), null, text);
  }
  assert.deepEqual(names("[Peer]\n# Name = Alice\nPublicKey = nonsense\n"), {});
});

Deno.test("peer names: a section ends the one before; a repeated key keeps its name", () => {
  const text = `[Interface]
# Name = the host
[Peer]
# Alice
PublicKey = ${A}
# Bob
[Peer]
PublicKey = ${B}
[Peer]
PublicKey = ${A}
AllowedIPs = 10.0.0.1
`;
  assert.deepEqual(names(text), { [A]: "Alice", [B]: "Bob" });
  assert.deepEqual(names(`${text}# Name = Alicia\n`), { [A]: "Alicia", [B]: "Bob" });
});

Deno.test("peer names: a config's peers have them, and an engine is told of those", () => {
  const config = parseQuickConfig(
    `[Interface]\nPrivateKey = ${key(9)}\n[Peer]\n# \x1bJürgen\nPublicKey = ${A}\n` +
      `[Peer]\nPublicKey = ${B}\n`,
    "wg0.conf",
  );
  assert.deepEqual(config.peers.map(({ name }) => name), ["Jürgen", undefined]);
  const hex = "01".repeat(32);
  assert.equal(
    formatUapiPeerNames(config.peers),
    `set=1\npublic_key=${hex}\nupdate_only=true\nname=J%C3%BCrgen\n\n`,
  );
  const publicKey = parseKey(B);
  assert.ok(publicKey);
  assert.equal(formatUapiPeerNames([{ publicKey }]), null);
});
