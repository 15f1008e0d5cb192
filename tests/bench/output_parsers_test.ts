/** Texts in this file are excerpts of what the programs print. */
import assert from "node:assert/strict";
import { parseIperf3 } from "./iperf3.ts";
import { parsePing } from "./ping_output.ts";
import {
  parseMachineCpu,
  parseProcessCpu,
  parseResidentMemory,
  parseVoluntarySwitches,
} from "./proc.ts";

Deno.test("iperf3: what the receiver got, not what was sent", () => {
  const report = {
    start: { version: "iperf 3.12" },
    end: {
      sum_sent: { start: 0, seconds: 1.00015, bytes: 2744647680 },
      sum_received: { start: 0, seconds: 1.000032, bytes: 2744123392, sender: false },
    },
  };
  assert.deepEqual(parseIperf3(JSON.stringify(report)), { bytes: 2744123392, seconds: 1.000032 });
});

Deno.test("iperf3: a failed test throws with its reason", () => {
  const report = { start: {}, end: {}, error: "unable to connect to server: Connection refused" };
  assert.throws(() => parseIperf3(JSON.stringify(report)), /unable to connect/);
  assert.throws(() => parseIperf3(JSON.stringify({ end: {} })), /doesn't say/);
});

Deno.test("ping: the time of each answer, not those of the statistics", () => {
  const output = `PING 10.88.0.2 (10.88.0.2) 56(84) bytes of data.
64 bytes from 10.88.0.2: icmp_seq=1 ttl=64 time=0.146 ms
64 bytes from 10.88.0.2: icmp_seq=3 ttl=64 time=12.5 ms
64 bytes from 10.88.0.2: icmp_seq=4 ttl=64 time=1034 ms

--- 10.88.0.2 ping statistics ---
4 packets transmitted, 3 received, 25% packet loss, time 2024ms
rtt min/avg/max/mdev = 0.146/348.882/1034.000/484.500 ms
`;
  assert.deepEqual(parsePing(output), [0.146, 12.5, 1034]);
  assert.deepEqual(parsePing("1 packets transmitted, 0 received, 100% packet loss, time 0ms"), []);
});

Deno.test("proc: CPU of a process, whatever its name", () => {
  const rest = "S 1 7 7 0 -1 4194560 512 0 0 0 250 50 0 0 20 0 12 0 338 1 2";
  assert.equal(parseProcessCpu(`7 (wgts) ${rest}\n`), 3);
  assert.equal(parseProcessCpu(`7 (a) b (c 9) ${rest}\n`), 3);
});

Deno.test("proc: CPU of the machine", () => {
  const stat = "cpu  1000 100 500 8000 200 0 300 50 40 0\ncpu0 1 2 3 4 5 6 7 8 9 0\n";
  assert.deepEqual(parseMachineCpu(stat), { busy: 19, idle: 82, steal: 0.5 });
});

Deno.test("proc: memory in megabytes of 10^6 bytes", () => {
  const status = "Name:\tVmRSS: 9 kB\nVmHWM:\t 4000 kB\nVmRSS:\t    2000 kB\nRssAnon:\t 1000 kB\n";
  assert.deepEqual(parseResidentMemory(status), { total: 2.048, anonymous: 1.024 });
  assert.throws(() => parseResidentMemory("Name:\tkthreadd\n"), /VmRSS/);
});

Deno.test("proc: voluntary switches only", () => {
  const status = "voluntary_ctxt_switches:\t595\nnonvoluntary_ctxt_switches:\t71\n";
  assert.equal(parseVoluntarySwitches(status), 595);
});
