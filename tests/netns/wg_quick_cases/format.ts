/** How a config may be written, and where it may be. */
import { cases, config, ENDPOINT, KEY, PEER } from "./config.ts";

const usual = config({
  lines: ["Address = 10.88.0.1/24, fd88::1/64", "MTU = 1400", "PostUp = echo up >>$SEEN"],
  allowedIps: "10.9.0.0/16, fd09::/64",
});

export const FORMATS = cases({
  "lines that end with CR LF": usual.replaceAll("\n", "\r\n"),
  "no line feed at the end": usual.trimEnd(),
  "no spaces": usual.replaceAll(" = ", "=").replaceAll(", ", ","),
  "many spaces": usual.replaceAll(" = ", " \t =\t  ").replaceAll(/^/gm, "\t ").replaceAll(
    /$/gm,
    "  ",
  ),
  "keys in capitals": usual.replaceAll(/^\w+(?= =)/gm, (key) => key.toUpperCase()),
  "keys in small letters": usual.replaceAll(/^(\w+(?= =)|\[.*)/gm, (key) => key.toLowerCase()),
  "comments": `# one\n${
    usual.replaceAll(/^(?!PostUp).*(?<!^)$/gm, "$& # two\n  # three = four\n#five")
  }`,
  "empty lines": usual.replaceAll("\n", "\n\n \n"),
  "the peer first":
    `[Peer]\nPublicKey = ${PEER}\nEndpoint = ${ENDPOINT}\nAllowedIPs = 10.9.0.0/16\n` +
    `[Interface]\nAddress = 10.88.0.1/24\nPrivateKey = ${KEY}\n`,
  "two sections of the interface": `${usual}[Interface]\nAddress = 10.87.0.1/24\nMTU = 1410\n`,
  "the last of many": usual.replace(
    "MTU = 1400",
    "MTU = 1400\nMTU = 1300\nTable = off\nTable = auto",
  ),
  "commas and spaces": usual.replace(
    "10.88.0.1/24, fd88::1/64",
    "10.88.0.1/24 ,, fd88::1/64   10.87.0.1/32,",
  ),
  "an empty Address": usual.replace("Address =", "Address =\nAddress ="),
  "a path": { config: usual, argument: "/run/other/tun7.conf", file: "/run/other/tun7.conf" },
  "a config that everybody can read": {
    config: usual,
    argument: "/run/other/tun7.conf",
    file: "/run/other/tun7.conf",
    prepare: "chmod 644 /run/other/tun7.conf",
  },
  "a link to the config": {
    config: usual,
    argument: "/run/other/tun7.conf",
    file: "/etc/wireguard/wg0.conf",
    prepare: "mkdir -p /run/other; ln -s /etc/wireguard/wg0.conf /run/other/tun7.conf",
  },
  "a name with signs": { config: usual, argument: "w_g=+.-0" },
  "a name of 15 characters": { config: usual, argument: "wg0123456789012" },
});
