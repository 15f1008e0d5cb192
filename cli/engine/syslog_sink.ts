import { SystemLog } from "../../ffi/syslog.ts";
import type { LogSink } from "./log.ts";

/** A sink that writes to the system's log; to nowhere where there is none. */
export function syslogSink(name: string): LogSink {
  const log = new SystemLog("wgts");
  return (severity, line) => {
    log.write(severity, `(${name}) ${line}`);
  };
}
