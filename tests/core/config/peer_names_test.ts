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
  const others = ["# Name:   Alice", "#Name# = Alice", "# friendly_name=Alice", "# Name = Alice\r"];
  for (const line of [...lines, ...others]) {
    assert.equal(nameOf(`[Peer]\n${line}\nKEY\n`), "Alice", line);
    assert.equal(nameOf(`[Peer]\nKEY\n${line}\n\n[Peer]\n`), "Alice", line);
    assert.equal(nameOf(`[Peer]\nKEY\n\n${line}\nMTU = 1\n[Peer]\n`), "Alice", line);
    assert.equal(nameOf(`${line}\n# Email: a@example.com\n[Peer] # behind\nKEY\n`), "Alice", line);
  }
  assert.equal(nameOf("[Peer]\n# Name: Alice: phone\nKEY\n"), "Alice: phone");
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
      "[Peer]\nKEY\n# Name = me\n[Interface]\n",
      "# [Peer] # Alice\n[Peer]\nKEY\n",
    ]
  ) {
    assert.equal(nameOf(text), null, text);
  }
  assert.deepEqual(names("[Peer]\n# Name = Alice\nPublicKey = nonsense\n"), {});
});

Deno.test("peer names: a section ends the one before; a repeated key keeps its name", () => {
  const text = `[Interface]
# Name = the host
ListenPort = 1
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

Deno.test("peer names: lines directly above a peer are its own, not those of the peer before", () => {
  const alice = `# Name = Alice\n[Peer]\nPublicKey = ${A}\n`;
  const bob = `# Name = Bob\n# Endpoint = old.example:1\n[Peer]\nPublicKey = ${B}\n`;
  const both = { [A]: "Alice", [B]: "Bob" };
  assert.deepEqual(names(`${alice}\n${bob}`), both);
  assert.deepEqual(names(`${alice}${bob}`), both);
  assert.deepEqual(names(`[Interface]\nListenPort = 1\n${alice}AllowedIPs = ::/0\n${bob}`), both);
  assert.deepEqual(names(`${alice}# Endpoint = old.example:1\n\n${bob}`), both);
  assert.deepEqual(names(`[Peer]\nPublicKey = ${A}\n${bob}`), { [B]: "Bob" });
  assert.deepEqual(names(`${bob}# Name = Robert`), { [B]: "Robert" });
});

Deno.test("peer names: lines that end each section name that, also without empty lines", () => {
  const alice = `[Peer]\nPublicKey = ${A}\n# Name = Alice\n`;
  const bob = `[Peer]\nPublicKey = ${B}\n# Name = Bob\n`;
  for (const between of ["", "\n", "\n# Bob's\n"]) {
    assert.deepEqual(names(`${alice}${between}${bob}`), { [A]: "Alice", [B]: "Bob" }, between);
  }
});

Deno.test("peer names: a line that stands apart may be meant for either peer, and names none", () => {
  const apart = `[Peer]\nPublicKey = ${A}\n\n# Name = Bob\n\n[Peer]\nPublicKey = ${B}\n`;
  assert.deepEqual(names(apart), {});
  assert.deepEqual(names(`# Name = Alice\n\n${apart}\n# Name = Carol\n`), {});
});

Deno.test("peer names: a peer that is commented out names no other", () => {
  const alice = `[Peer]\n# Name = Alice\nPublicKey = ${A}\n`;
  const bob = `[Peer]\nPublicKey = ${B}\n`;
  for (const header of ["# [Peer]", "#[peer] # Mallory", "## [ Peer ]", "#[Interface]"]) {
    const mallory = `${header}\n# # Name = Mallory\n# PublicKey = ${B}\n#Name = foo\n`;
    for (const around of ["", "\n"]) {
      const text = `${alice}${around}${mallory}${around}`;
      assert.deepEqual(names(text), { [A]: "Alice" }, text);
      assert.deepEqual(names(text + bob), { [A]: "Alice" }, text);
      assert.deepEqual(names(`${text}# Bob\n${bob}`), { [A]: "Alice", [B]: "Bob" }, text);
      assert.deepEqual(names(`${text}\n# Name = Bob\n${bob}`), { [A]: "Alice", [B]: "Bob" }, text);
      assert.deepEqual(names(text.replace("# Name = Alice\n", "")), {}, text);
    }
    // Nor does the line above it that goes with it.
    assert.deepEqual(names(`${bob}# Name = Mallory\n${mallory}`), {});
    // A setting that was forgotten changes nothing.
    assert.deepEqual(names(`${alice}${mallory}AllowedIPs = ::/0\n# Name = x\n`), { [A]: "Alice" });
  }
  assert.deepEqual(names(alice.replace("#", "# [laptop]\n#")), { [A]: "Alice" });
});

Deno.test("peer names: configs of wireguard-ui", () => {
  const block = (name: string, key: string) => `
# ID:           cv0a1
# Name:         ${name}
# Email:        ${name}@example.com
# Created at:   2024-01-01 00:00:00 +0000 UTC
# Update at:    2024-01-02 00:00:00 +0000 UTC
[Peer]
PublicKey = ${key}
AllowedIPs = 10.252.1.1/32
`;
  const text = `[Interface]\nListenPort = 51820\n${block("laptop", A)}${block("phone", B)}`;
  assert.deepEqual(names(text), { [A]: "laptop", [B]: "phone" });
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
