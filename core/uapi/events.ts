/**
 * Events in the control protocol: `events=1` is a request of wgts' own. It is answered by `errno=0`, and
 * from then on by one block of lines for each event, which a blank line ends, until either side closes.
 */

import { type EventPeer, TUNNEL_EVENTS, type TunnelEvent } from "../events/event.ts";
import type { TunnelEventType } from "../events/event.ts";
import { formatHexKey, parseHexKey } from "../keys.ts";
import { decodePeerName, encodePeerName } from "../peer_name.ts";
import { checkUapiResult, UapiError } from "./client.ts";
import { answerLines, required, requiredNumber } from "./answer_lines.ts";
import type { UapiEndpoint } from "./command.ts";
import { formatUapiEndpoint, parseUapiEndpoint } from "./values.ts";

/** The request for events. */
export const EVENTS_REQUEST = "events=1\n\n";

/** Characters of a text that are told. */
const MAX_TEXT_LENGTH = 300;
/** Characters of the longest block that is read; the longest there is has some 700. */
const MAX_BLOCK_LENGTH = 4096;
/** Stands for an endpoint that isn't known. */
const NONE = "";

/** The block of an event. */
export function formatUapiEvent(event: TunnelEvent): Uint8Array {
  const lines = [`event=${event.type}`, `time_msec=${Math.floor(event.time)}`];
  const add = (key: string, value: string | number | undefined) => {
    if (value !== undefined) lines.push(`${key}=${value}`);
  };
  const { peer, endpoint, previousEndpoint, endpointName, reason } = event;
  if (peer !== undefined) {
    add("public_key", formatHexKey(peer.publicKey));
    if (peer.name !== null) add("name", encodePeerName(peer.name));
  }
  add("role", event.role ?? undefined);
  add(
    "previous_endpoint",
    previousEndpoint === undefined ? undefined : endpointText(previousEndpoint),
  );
  add("endpoint", endpoint === undefined ? undefined : endpointText(endpoint));
  add("endpoint_name", endpointName === undefined ? undefined : plain(endpointName));
  add("initiations", event.initiations);
  add("listen_port", event.listenPort);
  add("reason", reason === undefined || reason === null ? undefined : plain(reason));
  add("count", event.count);
  return new TextEncoder().encode(`${lines.join("\n")}\n\n`);
}

function endpointText(endpoint: UapiEndpoint | null): string {
  return endpoint === null ? NONE : formatUapiEndpoint(endpoint);
}

/** Text that fits into a line, and that no terminal obeys: whoever has the socket may pose as an engine. */
function plain(text: string): string {
  return text.replaceAll(/ *[^ -~]+ */g, " ").slice(0, MAX_TEXT_LENGTH);
}

/** Reads what follows {@linkcode EVENTS_REQUEST}, as it comes. */
export class UapiEventReader {
  readonly #decoder = new TextDecoder();
  #pending = "";
  #accepted = false;

  /** Whether the other side has said that it will tell events. */
  get accepted(): boolean {
    return this.#accepted;
  }

  /**
   * Adds bytes from the connection, and gives the events that are complete with them. Those that it doesn't
   * know are left out, as are values that it doesn't know.
   *
   * @throws UapiError when the request was refused, or the answer is malformed
   */
  push(bytes: Uint8Array): TunnelEvent[] {
    this.#pending += this.#decoder.decode(bytes, { stream: true });
    const blocks = this.#pending.split("\n\n");
    this.#pending = blocks.pop() ?? "";
    if (this.#pending.length > MAX_BLOCK_LENGTH) throw new UapiError(0, "An event is too long");
    return blocks.flatMap((block) => {
      if (this.#accepted) return parseEvent(`${block}\n`) ?? [];
      checkUapiResult(`${block}\n\n`);
      this.#accepted = true;
      return [];
    });
  }
}

/** The event that a block tells; null for one that isn't known. */
function parseEvent(block: string): TunnelEvent | null {
  const lines = new Map(answerLines(block));
  const type = lines.get("event") ?? "";
  if (!isEventType(type)) return null;
  const event: { -readonly [Key in keyof TunnelEvent]: TunnelEvent[Key] } = { type, time: 0 };
  for (const [key, value] of lines) readLine(event, key, value);
  const publicKey = lines.get("public_key");
  if (publicKey !== undefined) event.peer = readPeer(publicKey, lines.get("name"));
  if (type === "handshake-completed") event.role ??= null;
  return event;
}

function isEventType(type: string): type is TunnelEventType {
  return Object.hasOwn(TUNNEL_EVENTS, type);
}

function readPeer(publicKey: string, name: string | undefined): EventPeer {
  return {
    publicKey: required("public_key", parseHexKey(publicKey)),
    name: name === undefined ? null : decodePeerName(name),
  };
}

/** Milliseconds of the latest moment that a Date can hold (ECMA-262 section 21.4.1.1). */
const MAX_TIME = 8.64e15;
const MAX_COUNT = Number.MAX_SAFE_INTEGER;

function readLine(
  event: { -readonly [Key in keyof TunnelEvent]: TunnelEvent[Key] },
  key: string,
  value: string,
): void {
  switch (key) {
    case "time_msec":
      event.time = requiredNumber(key, value, MAX_TIME);
      break;
    case "role":
      event.role = value === "initiator" || value === "responder" ? value : null;
      break;
    case "endpoint":
      event.endpoint = readEndpoint(key, value);
      break;
    case "previous_endpoint":
      event.previousEndpoint = readEndpoint(key, value);
      break;
    case "endpoint_name":
      event.endpointName = plain(value);
      break;
    case "initiations":
      event.initiations = requiredNumber(key, value, MAX_COUNT);
      break;
    case "listen_port":
      event.listenPort = requiredNumber(key, value, 0xffff);
      break;
    case "reason":
      event.reason = plain(value);
      break;
    case "count":
      event.count = requiredNumber(key, value, MAX_COUNT);
      break;
  }
}

function readEndpoint(key: string, value: string): UapiEndpoint | null {
  return value === NONE ? null : required(key, parseUapiEndpoint(value));
}
