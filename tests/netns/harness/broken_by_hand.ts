/** Mistakes that people make in configs. */
import type { Keys } from "./broken.ts";

export interface HandwrittenConfig {
  title: string;
  /** The line that is at fault, from 1. */
  line: number;
  text: (keys: Keys) => string;
}

/** [Interface] is line 1, the private key line 2. */
const withInterface = (title: string, line: string): HandwrittenConfig => ({
  title,
  line: 3,
  text: (keys) => `[Interface]\nPrivateKey = ${keys.private}\n${line}\n`,
});

/** [Peer] is line 3, its public key line 4. */
const withPeer = (title: string, line: string): HandwrittenConfig => ({
  title,
  line: 5,
  text: (keys) =>
    `[Interface]\nPrivateKey = ${keys.private}\n[Peer]\nPublicKey = ${keys.public}\n${line}\n`,
});

export const HANDWRITTEN: readonly HandwrittenConfig[] = [
  withInterface("a typing error in a key", "Adress = 10.0.0.1/24"),
  withInterface("an address with an impossible prefix", "Address = 10.0.0.1/33"),
  withInterface("an address with a netmask", "Address = 10.0.0.1/255.255.255.0"),
  withInterface("an address that is a name", "Address = vpn.example.org/24"),
  withInterface("an octal address", "Address = 010.0.0.1/24"),
  withInterface("a colon instead of an equals sign", "ListenPort: 51820"),
  withInterface("a port that is no number", "ListenPort = wireguard!"),
  withInterface("no value", "ListenPort ="),
  withInterface("an MTU that is no number", "MTU = big"),
  withInterface("an MTU too small for anything", "MTU = 10"),
  withInterface("a table that does not exist", "Table = no-such-table"),
  withInterface("yes instead of true", "SaveConfig = yes"),
  withInterface("a mark that is too large", "FwMark = 0x100000000"),
  withInterface("a key of a peer in the interface", "AllowedIPs = 10.0.0.0/8"),
  withInterface("an unknown section", "[Peers]"),
  withInterface("a section without its end", "[Peer"),
  withPeer("a key of the interface in a peer", "Address = 10.0.0.1/24"),
  withPeer("an endpoint without port", "Endpoint = 192.0.2.1"),
  withPeer("an endpoint with an empty port", "Endpoint = 192.0.2.1:"),
  withPeer("an endpoint with an open bracket", "Endpoint = [2001:db8::1:51820"),
  withPeer("an endpoint that is only a port", "Endpoint = :51820"),
  withPeer("allowed IPs with an impossible prefix", "AllowedIPs = 10.0.0.0/8, fd00::/129"),
  withPeer("allowed IPs that are abbreviated", "AllowedIPs = 10/8"),
  withPeer("a comma too many", "AllowedIPs = 10.0.0.0/8,"),
  withPeer("a keepalive that is too long", "PersistentKeepalive = 65536"),
  withPeer("a keepalive with a unit", "PersistentKeepalive = 25s"),
  withPeer("a preshared key that is cut", "PresharedKey = c2hvcnQ="),
  withPeer("MTU in a peer", "MTU = 1400"),
  {
    title: "a private key that is cut",
    line: 2,
    text: (keys) => `[Interface]\nPrivateKey = ${keys.private.slice(0, 40)}\n`,
  },
  {
    title: "a private key in hexadecimal",
    line: 2,
    text: () => `[Interface]\nPrivateKey = ${"a1".repeat(32)}\n`,
  },
  {
    title: "a peer without public key",
    line: 3,
    text: (keys) => `[Interface]\nPrivateKey = ${keys.private}\n[Peer]\nAllowedIPs = 10.0.0.0/8\n`,
  },
  {
    title: "a key before any section",
    line: 1,
    text: (keys) => `PrivateKey = ${keys.private}\n[Interface]\n`,
  },
  {
    title: "a byte order mark",
    line: 1,
    text: (keys) => `\ufeff[Interface]\nPrivateKey = ${keys.private}\n`,
  },
  {
    title: "a private key that is not the canonical base64 of a key",
    line: 2,
    text: () => `[Interface]\nPrivateKey = ${"A".repeat(42)}B=\n`,
  },
];
