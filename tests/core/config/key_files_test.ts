/** Keys in files of their own: where they are looked for, what is said of them, what strip and save do. */
import assert from "node:assert/strict";
import { ConfigDocument } from "../../../core/config/document.ts";
import { ConfigError } from "../../../core/config/error.ts";
import {
  KeyFileError,
  keyFilePaths,
  readKeyFiles,
  showKeyFile,
} from "../../../core/config/key_files.ts";
import { parseQuickConfig } from "../../../core/config/quick.ts";
import { saveConfig } from "../../../core/config/save.ts";
import { needsReplacements, replacementsIn, stripQuickConfig } from "../../../core/config/strip.ts";
import type { KeyFileName } from "../../../core/config/types.ts";
import { parseKey } from "../../../core/keys.ts";

const OWN = "yAnz5TF+lXXJte14tji3zlMNq+hd2rYUIgJBgB3fBmk=";
const PEER = "xTIBA5rboUvnH4htodjb6e697QjLERt1NAB4mZqp8Dg=";
const PSK = "TrMvSoP4jYQlY6RIzBgbssQqY3vxI2Pi+y71lOWWXX0=";
const CONFIG = `# mine
[Interface]
privatekeyfile = wg0 key # the real one
Address = 10.0.0.1/24

[Peer] # Alice
PublicKey = ${PEER}
PresharedKeyFile=/etc/psk
AllowedIPs = 10.0.0.2/32
`;

function key(text: string): Uint8Array {
  return parseKey(text) ?? assert.fail();
}

function refused(text: string): string {
  try {
    parseQuickConfig(text, "wg0.conf");
  } catch (error) {
    assert(error instanceof ConfigError);
    return error.message;
  }
  return "";
}

function read({ name }: KeyFileName): Uint8Array {
  return key(name === "wg0 key" ? OWN : PSK);
}

Deno.test("a path is relative to the config; a bare name is that of a credential first", () => {
  const places = { directory: "/etc/wireguard", credentials: "/run/credentials/a" };
  const paths = (name: string) => keyFilePaths(name, places);
  assert.deepEqual(paths("/root/key"), ["/root/key"]);
  assert.deepEqual(paths("keys/a"), ["/etc/wireguard/keys/a"]);
  assert.deepEqual(paths("./key"), ["/etc/wireguard/./key"]);
  assert.deepEqual(paths("key"), ["/run/credentials/a/key", "/etc/wireguard/key"]);
  assert.deepEqual(paths(".."), ["/etc/wireguard/.."]);
  assert.deepEqual(keyFilePaths("key", { directory: "/", credentials: null }), ["/key"]);
});

Deno.test("files are read into the config, and an error names the line and the file", () => {
  const config = parseQuickConfig(CONFIG, "wg0.conf");
  assert.deepEqual(config.interface.privateKeyFile, { name: "wg0 key", line: 3 });
  assert.equal(config.interface.privateKey, undefined);
  assert.deepEqual(config.warnings, [], "there is a private key");
  readKeyFiles(config, "wg0.conf", read);
  assert.deepEqual(config.interface.privateKey, key(OWN));
  assert.deepEqual(config.peers[0]?.presharedKey, key(PSK));
  const fail = () => {
    throw new KeyFileError('"/etc/psk": shorter than a key');
  };
  assert.throws(() => readKeyFiles(config, "wg0.conf", fail), {
    name: "ConfigError",
    message: 'wg0.conf:3: cannot use PrivateKeyFile: "/etc/psk": shorter than a key',
  });
});

Deno.test("a key in the place of a path is refused, and not repeated", () => {
  for (const line of [`PrivateKeyFile = ${OWN}`, `PrivateKeyFile = ${OWN} `]) {
    const message = refused(`[Interface]\n${line}\n`);
    assert.match(message, /^wg0.conf:2: cannot parse PrivateKeyFile .*not the key$/);
    assert(!message.includes(OWN.slice(0, 20)));
  }
  assert.equal(showKeyFile(`a/${OWN.slice(0, -1)}`, `/etc/a/${OWN}`), "(hidden)");
  assert.equal(showKeyFile("a\x1b", "/etc/a\x1b"), '"/etc/a\\u001b"');
  const long = `/etc/wireguard/${"of/several/parts/".repeat(4)}`;
  assert.equal(showKeyFile(long, long), `"${long}"`);
  const astray = `/etc/key${OWN.replaceAll("/", "a")}`;
  assert.equal(showKeyFile(astray, astray), '"/etc/(hidden)"');
});

Deno.test("a key is given by itself or by a file, not both", () => {
  assert.equal(
    refused(`[Interface]\nPrivateKeyFile = a\n[Interface]\nPrivateKey = ${OWN}\n`),
    "wg0.conf:2: there are both PrivateKey and PrivateKeyFile: leave one of them out",
  );
  assert.equal(
    refused(`[Peer]\nPublicKey = ${PEER}\nPresharedKey = ${PSK}\nPresharedKeyFile = a\n`),
    "wg0.conf:4: there are both PresharedKey and PresharedKeyFile: leave one of them out",
  );
  assert.match(refused("[Peer]\nPrivateKeyFile = a\n"), /it belongs to \[Interface\]$/);
  assert.match(refused("[Interface]\nPrivateKeyFile =\n"), /expected the path of a file$/);
});

Deno.test("strip gives wg the keys, for it would take none for no key", () => {
  const document = ConfigDocument.parse(CONFIG, "wg0.conf");
  assert(needsReplacements(document));
  assert(!needsReplacements(ConfigDocument.parse("[Interface]\nMTU = 1400\n", "wg0.conf")));
  const config = parseQuickConfig(CONFIG, "wg0.conf");
  readKeyFiles(config, "wg0.conf", read);
  assert.equal(
    stripQuickConfig(CONFIG, replacementsIn(document, config)),
    CONFIG.replace(/privatekeyfile = .*/, `PrivateKey = ${OWN}`)
      .replace(/PresharedKeyFile=.*/, `PresharedKey = ${PSK}`)
      .replace(/Address.*\n/, "") + "\n",
  );
  assert.doesNotMatch(stripQuickConfig(CONFIG), /keyfile/i, "nothing that wg doesn't know");
  readKeyFiles(config, "wg0.conf", () => new Uint8Array(32));
  assert.equal(replacementsIn(document, config).size, 0, "no key is no line");
});

Deno.test("save writes no key of a file to the config, and tells when the running one is another", () => {
  const saved = (privateKey: Uint8Array | null, read: (file: KeyFileName) => Uint8Array) => {
    const warnings: string[] = [];
    const document = ConfigDocument.parse(CONFIG, "wg0.conf");
    const config = parseQuickConfig(CONFIG, "wg0.conf");
    const peer = {
      publicKey: key(PEER),
      presharedKey: key(PSK),
      allowedIps: ["10.0.0.2/32"],
      endpoint: null,
      persistentKeepalive: 0,
      lastHandshake: { seconds: 0, nanoseconds: 0 },
      receivedBytes: 0,
      sentBytes: 0,
    };
    const { addresses } = config.interface;
    const state = { name: "wg0", publicKey: null, listenPort: 0, fwmark: 0, peers: [peer] };
    const running = { state: { ...state, privateKey }, addresses, mtu: 1420 };
    const warn = (text: string) => void warnings.push(text);
    const options = { addressesOf: () => null, readKeyFile: read, warn };
    assert.equal(saveConfig(document, running, options).toString(), CONFIG);
    return warnings;
  };
  assert.deepEqual(saved(key(OWN), read), []);
  for (const other of [key(PEER), null]) {
    assert.deepEqual(saved(other, read), [
      "wg0.conf:3: the running private key isn't the one in this file, and isn't saved",
    ]);
  }
  const fail = () => {
    throw new KeyFileError('"/x": Permission denied');
  };
  assert.deepEqual(saved(key(OWN), fail), [
    'wg0.conf:3: the running private key isn\'t saved: "/x": Permission denied',
    'wg0.conf:8: the running preshared key isn\'t saved: "/x": Permission denied',
  ]);
});
