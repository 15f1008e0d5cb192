/** What the kernel drops and counts, between the interfaces of two tunnels' ends. */
import type { Host } from "./host.ts";

/** Columns of /proc/net/snmp, and lines of /proc/net/snmp6, that count what isn't delivered. */
const COUNTERS: Readonly<Record<string, readonly string[]>> = {
  Ip: ["InDiscards", "OutDiscards"],
  Udp: ["RcvbufErrors", "SndbufErrors", "MemErrors"],
};
const COUNTERS_6 = /^(?:Ip6(?:In|Out)Discards|Udp6(?:Rcvbuf|Sndbuf|Mem)Errors)\s+(\d+)$/gm;

/**
 * Packets that were dropped in the hosts' networks so far: by full queues of interfaces, of processors (the
 * wire counts those), of disciplines, and by full socket buffers. None is counted twice.
 */
export async function drops(hosts: readonly Host[]): Promise<number> {
  return (await Promise.all(hosts.map(dropsOf))).reduce((sum, count) => sum + count, 0);
}

async function dropsOf(host: Host): Promise<number> {
  const [links = "", disciplines = "", snmp = "", snmp6 = ""] = (await host.sh(`
    ip -json -statistics link; echo %
    tc -json -statistics qdisc; echo %
    cat /proc/net/snmp; echo %
    cat /proc/net/snmp6`)).split("\n%\n");
  let sum = 0;
  for (const { stats64 } of JSON.parse(links)) sum += stats64.rx.dropped + stats64.tx.dropped;
  for (const { drops } of JSON.parse(disciplines)) sum += drops ?? 0;
  const lines = snmp.split("\n").map((line) => line.split(" "));
  for (const [name, wanted] of Object.entries(COUNTERS)) {
    const [names = [], values = []] = lines.filter(([first]) => first === `${name}:`);
    for (const [at, column] of names.entries()) {
      if (wanted.includes(column)) sum += Number(values[at]);
    }
  }
  for (const [, value] of snmp6.matchAll(COUNTERS_6)) sum += Number(value);
  return sum;
}
