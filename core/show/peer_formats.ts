/** How `dump` and `showconf` print the peers of a long answer: byte for byte what they print of any. */

import type { PeerFormat } from "./long_answer.ts";
import { dumpLine } from "./fields.ts";
import { formatPeerSection } from "./showconf.ts";

const encoder = new TextEncoder();
const NEWLINE = encoder.encode("\n");
const TAB = encoder.encode("\t");
const COMMA = encoder.encode(",");
const COMMA_SPACE = encoder.encode(", ");
const NONE = encoder.encode("(none)");
const OFF = encoder.encode("off");
const ZERO = 0x30;

/** The lines of `show INTERFACE dump`, each with `prefix` in front of it. */
export function dumpFormat(prefix: string): PeerFormat {
  const start = encoder.encode(prefix);
  return {
    usual(text, answer, peer) {
      const { endpoint, allowedIps, handshake, received, sent, keepalive } = peer;
      text.append(start);
      text.append(peer.publicKey);
      text.append(TAB);
      text.append(peer.hasPresharedKey ? peer.presharedKey : NONE);
      text.append(TAB);
      if (endpoint.start === endpoint.end) text.append(NONE);
      else text.append(answer, endpoint.start, endpoint.end);
      text.append(TAB);
      if (allowedIps.start === allowedIps.end) text.append(NONE);
      else peer.appendAllowedIps(text, answer, COMMA);
      text.append(TAB);
      text.append(answer, handshake.start, handshake.end);
      text.append(TAB);
      text.append(answer, received.start, received.end);
      text.append(TAB);
      text.append(answer, sent.start, sent.end);
      text.append(TAB);
      if (answer[keepalive.start] === ZERO) text.append(OFF);
      else text.append(answer, keepalive.start, keepalive.end);
      text.append(NEWLINE);
    },
    other: (peer) => `${prefix}${dumpLine(peer)}\n`,
  };
}

const PUBLIC_KEY = encoder.encode("[Peer]\nPublicKey = ");
const PRESHARED_KEY = encoder.encode("\nPresharedKey = ");
const ALLOWED_IPS = encoder.encode("\nAllowedIPs = ");
const ENDPOINT = encoder.encode("\nEndpoint = ");
const KEEPALIVE = encoder.encode("\nPersistentKeepalive = ");

/** The sections of `showconf`, with a blank line between two. */
export function showconfFormat(): PeerFormat {
  let between = "";
  return {
    usual(text, answer, peer) {
      const { endpoint, allowedIps, keepalive } = peer;
      if (between !== "") text.append(NEWLINE);
      between = "\n";
      text.append(PUBLIC_KEY);
      text.append(peer.publicKey);
      if (peer.hasPresharedKey) {
        text.append(PRESHARED_KEY);
        text.append(peer.presharedKey);
      }
      if (allowedIps.start < allowedIps.end) {
        text.append(ALLOWED_IPS);
        peer.appendAllowedIps(text, answer, COMMA_SPACE);
      }
      if (endpoint.start < endpoint.end) {
        text.append(ENDPOINT);
        text.append(answer, endpoint.start, endpoint.end);
      }
      if (answer[keepalive.start] !== ZERO) {
        text.append(KEEPALIVE);
        text.append(answer, keepalive.start, keepalive.end);
      }
      text.append(NEWLINE);
    },
    other(peer) {
      const section = `${between}${formatPeerSection(peer).join("\n")}\n`;
      between = "\n";
      return section;
    },
  };
}
