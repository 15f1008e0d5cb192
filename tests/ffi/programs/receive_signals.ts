/** Prints "ready", and then the signals that a signalfd delivers until SIGTERM. */
import { Arena } from "../../../ffi/arena.ts";
import { POLLIN, SIGHUP, SIGINT, SIGTERM } from "../../../ffi/layout.ts";
import { PollSet } from "../../../ffi/poll.ts";
import { SignalFd } from "../../../ffi/signal.ts";

const signals = new SignalFd([SIGTERM, SIGINT, SIGHUP]);
const poll = new PollSet(new Arena(65536), 1);
poll.set(0, signals.fd, POLLIN);
console.log("ready");
for (let signal = 0; signal !== SIGTERM;) {
  poll.wait(Infinity);
  signal = signals.read();
  if (signal !== 0) console.log(signal);
}
