/**
 * An engine whose boot time is ahead from when a file comes on: `engine_ahead.ts NAME FILE MILLISECONDS`
 * serves interface NAME.
 */
import { main as runEngine } from "../../../cli/commands/engine.ts";
import { OpenInterface } from "../../../cli/engine/open_interface.ts";
import { sendOrders } from "../../../cli/engine/orders.ts";
import { MessageSocket } from "../../../ffi/message_socket.ts";
import type { Now } from "../../../core/clock.ts";
import { SystemClock } from "../../../ffi/clock.ts";

const [name = "", file = "", milliseconds] = Deno.args;
const { read } = SystemClock.prototype;

SystemClock.prototype.read = function (now: Now): void {
  read.call(this, now);
  try {
    Deno.statSync(file);
    now.boot += Number(milliseconds);
  } catch {
    // Not yet.
  }
};

const { tun, control } = OpenInterface.open(name, []);
const [own, engines] = MessageSocket.pair();
sendOrders(own, { tun: tun.fd, control: control.fd, status: null, options: [] });
Deno.exit(await runEngine([name, `--orders-fd=${engines.fd}`, "--log=stderr"]));
