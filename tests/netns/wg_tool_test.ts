/**
 * Debian's `wg` configures and reads the interface: the same commands are given to wireguard-go,
 * and every byte of what they print must be the same.
 */
import assert from "node:assert/strict";
import type { Result } from "./harness/command.ts";
import { Host } from "./harness/host.ts";
import { TESTED, WIREGUARD_GO } from "./harness/implementation.ts";
import { wgts } from "./harness/program.ts";
import { generateKey, publicKey, Site } from "./harness/site.ts";

const FIELDS = ["dump", "public-key", "private-key", "listen-port", "fwmark", "peers"]
  .concat(["preshared-keys", "endpoints", "allowed-ips", "latest-handshakes", "transfer"])
  .concat(["persistent-keepalive"]);

/** Forgets the interface's name in front of some lines, until wireguard-tools 20250521. */
const BROKEN_IN_OLD_WG = "wg show all endpoints";

/** Separates the outputs of several commands. */
const MARK = "======";

/** wireguard-go prints its peers in random order: sorts their paragraphs or lines. */
function inOrder({ code, stdout, stderr }: Result): Result {
  const sorted = stdout.split(`${MARK}\n`).map((output) => {
    const separator = output.includes("\n\n") ? "\n\n" : "\n";
    return output.trimEnd().split(separator).sort().join(separator);
  });
  return { code, stdout: sorted.join(`${MARK}\n`), stderr };
}

/** A tested and a reference interface, with the same keys in the same files. */
class Twins implements AsyncDisposable {
  private constructor(
    readonly tested: Host,
    readonly reference: Host,
    readonly peers: readonly string[],
    readonly stack: AsyncDisposableStack,
  ) {}

  static async create(): Promise<Twins> {
    await using stack = new AsyncDisposableStack();
    const tested = stack.use(await Host.create("tested"));
    const reference = stack.use(await Host.create("reference"));
    const [key, preshared] = [await generateKey(), await generateKey()];
    const peers: string[] = [];
    for (let i = 0; i < 3; i++) peers.push(await publicKey(await generateKey()));
    for (const [host, implementation] of [[tested, TESTED], [reference, WIREGUARD_GO]] as const) {
      await host.writeFile("/etc/wireguard/key", key);
      await host.writeFile("/etc/wireguard/preshared", preshared);
      await implementation.start(host, "wg0");
    }
    return new Twins(tested, reference, peers, stack.move());
  }

  /** Runs a script in both and wants the same output and exit code; returns them. */
  async same(script: string): Promise<Result> {
    const filled = script.replaceAll(/\$P(\d)/g, (_, i) => this.peers[Number(i)] ?? "");
    const [tested, reference] = await Promise.all([
      this.tested.attempt(filled),
      this.reference.attempt(filled),
    ]);
    assert.deepEqual(inOrder(tested), inOrder(reference), filled);
    return tested;
  }

  /** Reads everything that `wg` can read. */
  async sameState(): Promise<void> {
    const fields = ["", ...FIELDS];
    const commands = fields.flatMap((field) => [`wg show wg0 ${field}`, `wg show all ${field}`])
      .filter((command) => command !== BROKEN_IN_OLD_WG)
      .concat("wg show interfaces", "wg showconf wg0")
      .concat("WG_HIDE_KEYS=never WG_COLOR_MODE=always wg show");
    await this.same(commands.map((command) => `echo '${MARK}'; ${command}`).join("\n"));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stack.disposeAsync();
  }
}

Deno.test("wg set, setconf, addconf and syncconf have the same effect on each", async (t) => {
  await using twins = await Twins.create();
  const steps: Record<string, string> = {
    "a private key": "wg set wg0 private-key /etc/wireguard/key listen-port 51820",
    "a mark": "wg set wg0 fwmark 0x1234",
    "a peer": "wg set wg0 peer $P0 allowed-ips 10.0.0.0/8,fd00::/8 endpoint 192.0.2.1:1234",
    "an IPv6 endpoint": "wg set wg0 peer $P0 endpoint [2001:db8::1]:1",
    "a preshared key": "wg set wg0 peer $P0 preshared-key /etc/wireguard/preshared",
    "a keepalive": "wg set wg0 peer $P0 persistent-keepalive 25",
    "a more specific peer": "wg set wg0 peer $P1 allowed-ips 10.1.0.0/16,10.2.3.4/32",
    "the last owner wins": "wg set wg0 peer $P2 allowed-ips 10.0.0.0/8,::/0,0.0.0.0/0",
    "host bits": "wg set wg0 peer $P2 allowed-ips 10.9.8.7/9",
    "no allowed IPs": "wg set wg0 peer $P2 allowed-ips ''",
    "no preshared key": "wg set wg0 peer $P0 preshared-key /dev/null",
    "a peer removed": "wg set wg0 peer $P1 remove",
    "a peer removed that is not there": "wg set wg0 peer $P1 remove",
    "the own key as peer":
      "wg set wg0 peer $(wg pubkey </etc/wireguard/key) allowed-ips 10.0.0.1/32",
    "no mark": "wg set wg0 fwmark off",
    "another port": "wg set wg0 listen-port 12345",
    "showconf to setconf": "wg showconf wg0 >/run/c; wg setconf wg0 /run/c",
    "addconf": `printf '[Peer]\\nPublicKey=$P1\\nAllowedIPs=10.5.0.0/16\\n' >/run/a
      wg addconf wg0 /run/a`,
    "syncconf": `(cat /run/a; printf 'PersistentKeepalive=9\\n') >/run/s
      wg syncconf wg0 /run/s`,
    "no private key": "wg set wg0 private-key /dev/null",
    "an empty config": "wg setconf wg0 /dev/null",
    "1000 peers": `{ for i in $(seq 1000); do
        printf '[Peer]\\nPublicKey=%s\\nAllowedIPs=10.%s.%s.0/24\\n' \\
          $(printf '%032d' $i | base64) $((i / 250)) $((i % 250))
      done; } >/run/many; wg setconf wg0 /run/many; wg show wg0 peers | wc -l`,
  };
  for (const [title, script] of Object.entries(steps)) {
    await t.step(title, async () => {
      const { code, stderr } = await twins.same(script);
      assert.equal(code, 0, stderr);
      await twins.same("wg set wg0 listen-port 51820");
      await twins.sameState();
    });
  }
});

Deno.test("the control socket answers each request like wireguard-go's", async (t) => {
  await using twins = await Twins.create();
  const hex = (text: string) =>
    [...new TextEncoder().encode(text)]
      .map((byte) => byte.toString(16).padStart(2, "0")).join("");
  const key = hex("a public key of exactly 32 bytes");
  await twins.same("wg set wg0 listen-port 51820");
  const requests: Record<string, string> = {
    get: "get=1\n\n",
    "several requests": "get=1\n\nget=1\n\n",
    "an unknown operation": "foo=1\n\n",
    "no version": "get=\n\n",
    "no equals sign": "set=1\nlisten_port\n\n",
    "an unknown key of the device": "set=1\nfoo=bar\n\n",
    "an unknown key of a peer": `set=1\npublic_key=${key}\nfoo=bar\n\n`,
    "a port that is no number": "set=1\nlisten_port=x\n\n",
    "a port too large": "set=1\nlisten_port=65536\n\n",
    "a mark too large": "set=1\nfwmark=4294967296\n\n",
    "a private key cut": "set=1\nprivate_key=00\n\n",
    "a public key cut": "set=1\npublic_key=00\n\n",
    "replace_peers=false": "set=1\nreplace_peers=false\n\n",
    "a key of a peer before any peer": "set=1\nallowed_ip=10.0.0.0/8\n\n",
    "a peer": `set=1\npublic_key=${key}\nallowed_ip=10.0.0.0/8\nallowed_ip=fd00::/8\n\n`,
    "update_only of a peer that is not there": `set=1\npublic_key=${
      key.replace("6", "7")
    }\nupdate_only=true\nallowed_ip=10.0.0.0/8\n\n`,
    "update_only":
      `set=1\npublic_key=${key}\nupdate_only=true\npersistent_keepalive_interval=7\n\n`,
    "a bad protocol version": `set=1\npublic_key=${key}\nprotocol_version=2\n\n`,
    "a bad endpoint": `set=1\npublic_key=${key}\nendpoint=10.0.0.1\n\n`,
    "a bad allowed IP": `set=1\npublic_key=${key}\nallowed_ip=10.0.0.0/33\n\n`,
    "a bad keepalive": `set=1\npublic_key=${key}\npersistent_keepalive_interval=65536\n\n`,
    "remove=false": `set=1\npublic_key=${key}\nremove=false\n\n`,
    "what precedes an error stays applied":
      `set=1\npublic_key=${key}\nallowed_ip=10.7.0.0/16\nallowed_ip=nonsense\n\n`,
    "remove": `set=1\npublic_key=${key}\nremove=true\n\n`,
    "keys end": "set=1\nprivate_key=" + "0".repeat(64) + "\nreplace_peers=true\n\n",
  };
  for (const [title, request] of Object.entries(requests)) {
    await t.step(title, async () => {
      const sent =
        `printf '%s' '${request}' | socat -t 10 - UNIX-CONNECT:/var/run/wireguard/wg0.sock`;
      const { code } = await twins.same(sent);
      assert.equal(code, 0);
      await twins.same("wg show wg0 dump");
    });
  }
});

Deno.test("what wireguard-go of Debian can't: a zone, and requests without waiting", async () => {
  await using host = await Host.create("host");
  await TESTED.start(host, "wg0");
  const peer = await publicKey(await generateKey());
  await host.sh(`wg set wg0 peer ${peer} endpoint [fe80::1%lo]:51820`);
  assert.equal(await host.sh("wg show wg0 endpoints"), `${peer}\t[fe80::1%lo]:51820\n`);
  await host.sh("wg setconf wg0 /dev/null");
  const replies = await host.sh(`printf 'set=1\\nlisten_port=51821\\n\\nget=1\\n\\n' |
    socat -t 10 - UNIX-CONNECT:/var/run/wireguard/wg0.sock`);
  assert.equal(replies, "errno=0\n\nlisten_port=51821\nerrno=0\n\n");
});

Deno.test("wgts show prints the same bytes as wg show", async () => {
  await using site = await Site.create();
  const compare = async (environment: string, ...arguments_: string[]) => {
    const words = arguments_.join(" ");
    const [ours, theirs] = await Promise.all([
      site.host.attempt(`${environment} ${wgts().join(" ")} show ${words}`),
      site.host.attempt(`${environment} wg show ${words}`),
    ]);
    theirs.stderr = theirs.stderr.replace("Usage: wg ", "Usage: wgts ");
    for (const result of [ours, theirs]) {
      result.stdout = result.stdout.replace(/(handshake\S*: ).*/g, "$1(some time ago)");
    }
    assert.deepEqual(ours, theirs, `show ${words}`);
    return ours.stdout;
  };
  const compareAll = async () => {
    for (const name of ["", "wg0", "all", "interfaces"]) {
      await compare("", name);
      await compare("WG_COLOR_MODE=always WG_HIDE_KEYS=never", name);
    }
    for (const field of FIELDS) {
      await compare("", "wg0", field);
      if (`wg show all ${field}` !== BROKEN_IN_OLD_WG) await compare("", "all", field);
    }
  };
  await compareAll(); // no interface at all
  await site.wgtsOk("up", "wg0");
  await compareAll(); // no handshake yet
  await site.waitForTunnel();
  await site.host.sh(`wg set wg0 fwmark 0x1234 peer ${site.keys.remotePublic} \
    persistent-keepalive 3600 preshared-key <(wg genpsk)`);
  assert.match(await compare("", "wg0"), /latest handshake: /);
  await compareAll();
  await site.host.sh(`wg set wg0 peer ${await publicKey(await generateKey())}`);
  await compareAll(); // a peer with nothing
  await compare("", "wg1");
  await compare("", "wg0", "nonsense");
});
