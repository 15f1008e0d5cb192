/**
 * A name server for tests, by UDP and TCP. Arguments: the address to listen at, the file of its zone
 * (JSON: lists of addresses by name, read at each query; `"truncates": true` makes every answer by UDP
 * say that it is too large, `"silent": true` leaves queries unanswered), and a file that gets a line
 * for each query: protocol, type and name.
 */
import { createSocket } from "node:dgram";
import { createServer } from "node:net";
import { IpAddress } from "../../../core/ip.ts";
import { frameMessage, MessageReader } from "../../../core/dns_client/stream.ts";
import { answerTo, questionOf } from "../../core/dns_client/server.ts";

const [address = "", zoneFile = "", logFile = ""] = Deno.args;

function answer(query: Uint8Array, protocol: "udp" | "tcp"): Uint8Array | null {
  const { name, type } = questionOf(query);
  Deno.writeTextFileSync(logFile, `${protocol} ${type === 28 ? "AAAA" : "A"} ${name}\n`, {
    append: true,
  });
  const zone = JSON.parse(Deno.readTextFileSync(zoneFile));
  if (zone.silent) return null;
  if (zone.truncates && protocol === "udp") return answerTo(query, [], { flags: 0x8380 });
  const addresses: string[] | undefined = zone[name.toLowerCase()];
  if (addresses === undefined) return answerTo(query, [], { flags: 0x8183 });
  const family = type === 28 ? 6 : 4;
  const wanted = addresses.filter((text) => IpAddress.parse(text)?.family === family);
  return answerTo(query, wanted.map((data) => ({ name, data, ttl: 1 })));
}

const socket = createSocket("udp4");
socket.on("message", (query, { port, address }) => {
  const message = answer(query, "udp");
  if (message !== null) socket.send(message, port, address);
});
socket.bind(53, address, () => {
  createServer((connection) => {
    const reader = new MessageReader();
    connection.on("error", () => {});
    connection.on("data", (bytes) => {
      reader.push(bytes);
      const query = reader.next();
      const message = query && answer(query, "tcp");
      if (message !== null) connection.write(frameMessage(message));
    });
  }).listen(53, address, () => console.log("ready"));
});
