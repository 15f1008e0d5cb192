import { Logger } from "../engine/log.ts";
import { syslogSink } from "../engine/syslog_sink.ts";
import { attend } from "../system/attend.ts";
import { Interruptions } from "../system/interruption.ts";

/**
 * `wgts attend`: runs the commands of a config for what happens to the peers of its tunnel. Not for use by
 * hand: `up` starts it, and it ends with the tunnel's interface.
 */
export async function main([name, index, configPath, ...others]: string[]): Promise<number> {
  const isComplete = name !== undefined && /^[1-9][0-9]*$/.test(index ?? "") &&
    configPath !== undefined && others.length === 0;
  if (!isComplete) throw new Error("the attendant is started by `wgts up', not by hand");
  // So that no file system is kept from being unmounted.
  Deno.chdir("/");
  using interruptions = new Interruptions();
  const logger = new Logger("info", syslogSink(name));
  await attend({ name, index: Number(index), configPath }, {
    signal: interruptions.signal,
    log: (line) => logger.error(line),
  });
  return 0;
}
