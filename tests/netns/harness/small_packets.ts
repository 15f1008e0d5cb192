/**
 * Sends small datagrams as fast as the system takes them. A program of its own, which runs in the
 * sender's network namespace. Arguments: IPv4 address, port, how many, and the bytes of each.
 */
import { ConnectedSocket } from "./socket.ts";

const [address = "", port, count, size] = Deno.args;
const socket = new ConnectedSocket(address, Number(port), 0);
const datagram = new Uint8Array(Number(size));
for (let left = Number(count); left > 0; left--) socket.send(datagram);
