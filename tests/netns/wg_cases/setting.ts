/** What every script of the differential tests finds. */
import type { FakeInterfaces } from "../harness/fake_interfaces.ts";
import { FILES, type Setting } from "../harness/wg_twins.ts";

/** Keys that nobody uses. */
export const PRIVATE_KEY = "yAnz5TF+lXXJte14tji3zlMNq+hd2rYUIgJBgB3fBmk=";
export const OTHER_PRIVATE_KEY = "gI6EdUSYvn8ugXOt8QQD6Yc+JyiZxIhp3GInSWRfWGE=";
export const PRESHARED_KEY = "FpCyhws9cxwWoV4xELtfJvjJN+zQVRPISllRWgeopVE=";
export const ZERO_KEY = "A".repeat(43) + "=";
/** Public keys of peers: 32 bytes of one letter each. */
export const PEERS = ["a", "b", "c", "d", "e"].map((letter) => btoa(letter.repeat(32)));
const [A, B, C] = PEERS;

const WG0 = `[Interface]
PrivateKey = ${PRIVATE_KEY}
ListenPort = 51820
FwMark = 0x1234
[Peer]
PublicKey = ${A}
PresharedKey = ${PRESHARED_KEY}
Endpoint = 192.0.2.1:51820
AllowedIPs = 10.0.0.0/8, fd00::/8
PersistentKeepalive = 25
[Peer]
PublicKey = ${B}
Endpoint = [2001:db8::1]:1
AllowedIPs = 10.1.0.0/16, 10.2.3.4/32, 2001:db8::/32
[Peer]
PublicKey = ${C}
`;

/** Shell functions and variables. \`$A\` to \`$E\` are public keys of peers; wg0 has the first three. */
const PRELUDE = `
A=${PEERS[0]} B=${PEERS[1]} C=${PEERS[2]} D=${PEERS[3]} E=${PEERS[4]}
KEY=${PRIVATE_KEY} PSK=${PRESHARED_KEY} ZERO=${ZERO_KEY} f=${FILES}
# nobody answers here
export WG_ENDPOINT_RESOLUTION_RETRIES=0
# a user who may do nothing
nobody() { setpriv --reuid=65534 --regid=65534 --clear-groups --inh-caps=-all "$@"; }
# the first line that a command writes to stderr, and ends it
first_words() {
  "$@" 2>words & local pid=$!
  until [ -s words ]; do sleep 0.05; done
  kill $pid 2>/dev/null; wait $pid 2>/dev/null
  head -n 1 words
}
# the socket of an interface that nobody serves any more
dead() {
  socat -u "UNIX-LISTEN:/run/wireguard/$1.sock,unlink-close=0" /dev/null & local pid=$!
  until [ -S "/run/wireguard/$1.sock" ]; do sleep 0.01; done
  kill $pid; wait $pid 2>/dev/null
}
`;

/** The setting, with the given fake interfaces besides wg0 and wg1. */
export function settingWith(fakes: FakeInterfaces = {}): Setting {
  return {
    configs: [WG0, ""],
    files: {
      "wg0.conf": WG0,
      "key": `${OTHER_PRIVATE_KEY}\n`,
      "key-without-newline": OTHER_PRIVATE_KEY,
      "key-with-spaces": `${OTHER_PRIVATE_KEY} \t\n\n`,
      "key-after-space": ` ${OTHER_PRIVATE_KEY}\n`,
      "key-with-more": `${OTHER_PRIVATE_KEY}x\n`,
      "two-keys": `${OTHER_PRIVATE_KEY}\n${PRIVATE_KEY}\n`,
      "key-with-nul": `${OTHER_PRIVATE_KEY}\0\n`,
      "key-cut": `${OTHER_PRIVATE_KEY.slice(0, 43)}\n`,
      "key-cut-without-newline": OTHER_PRIVATE_KEY.slice(0, 43),
      "key-not-canonical": `${OTHER_PRIVATE_KEY.slice(0, 42)}F=\n`,
      "key-not-base64": `${OTHER_PRIVATE_KEY.replace("8", "!")}\n`,
      "key-unpadded": `${OTHER_PRIVATE_KEY.slice(0, 43)}A\n`,
      "zero-key": `${ZERO_KEY}\n`,
      "preshared": `${PRESHARED_KEY}\n`,
      "empty": "",
      "newline": "\n",
      "space": " ",
      "nul": "\0",
    },
    prelude: PRELUDE,
    fakes,
  };
}
