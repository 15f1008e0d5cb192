/** What one thread may do and which signals it blocks, in the hexadecimal of /proc/PID/status. */
export interface ThreadStatus {
  CapInh: string;
  CapPrm: string;
  CapEff: string;
  CapAmb: string;
  SigBlk: string;
  NoNewPrivs: string;
  Seccomp: string;
}

const FIELDS = ["CapInh", "CapPrm", "CapEff", "CapAmb", "SigBlk", "NoNewPrivs", "Seccomp"] as const;

/** The status of each thread of a process, by default this one. */
export function threadStatuses(pid: number | "self" = "self"): ThreadStatus[] {
  return [...Deno.readDirSync(`/proc/${pid}/task`)].map(({ name }) => {
    const text = Deno.readTextFileSync(`/proc/${pid}/task/${name}/status`);
    const field = (key: string) => new RegExp(`^${key}:\\s*(\\w+)$`, "m").exec(text)?.[1] ?? "";
    return Object.fromEntries(FIELDS.map((key) => [key, field(key)])) as unknown as ThreadStatus;
  });
}
