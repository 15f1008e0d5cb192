/** Programs for which the kernel has no nf_tables, but its iptables of old. */
import type { Host } from "./host.ts";
import { run } from "./command.ts";

/** Where a host has them. */
const DIRECTORY = "/run/without-nf-tables";

/** Executes its arguments, which can't open a socket to netfilter's netlink: EPROTONOSUPPORT. */
const PROGRAM = `
#include <errno.h>
#include <linux/filter.h>
#include <linux/netlink.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>
#define LOAD(field) BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, field))
#define UNLESS(value, skip) BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, value, 0, skip)
int main(int argc, char **argv) {
  struct sock_filter code[] = {
    LOAD(nr), UNLESS(SYS_socket, 5),
    LOAD(args[0]), UNLESS(AF_NETLINK, 3),
    LOAD(args[2]), UNLESS(NETLINK_NETFILTER, 1),
    BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EPROTONOSUPPORT),
    BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
  };
  struct sock_fprog filter = { sizeof code / sizeof *code, code };
  if (prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &filter)) return 126;
  execvp(argv[1], argv + 1);
  return 127;
}
`;

/**
 * Gives `host` programs as on a system whose kernel has no nf_tables.
 *
 * @returns the beginning of a command to be run so; PATH leads to iptables, and not to nft
 */
export async function withoutNfTables(host: Host): Promise<string[]> {
  await host.sh(`mkdir ${DIRECTORY}
    for verb in restore save; do
      ln -s /usr/sbin/iptables-legacy-$verb ${DIRECTORY}/iptables-$verb
      ln -s /usr/sbin/ip6tables-legacy-$verb ${DIRECTORY}/ip6tables-$verb
    done
    ln -s /usr/sbin/iptables-legacy ${DIRECTORY}/iptables
    ln -s "$(command -v sysctl)" ${DIRECTORY}/sysctl`);
  await host.writeFile(`${DIRECTORY}/program.c`, PROGRAM);
  await run(["cc", "-o", host.path(`${DIRECTORY}/run`), host.path(`${DIRECTORY}/program.c`)]);
  return ["env", `PATH=${DIRECTORY}:/usr/bin:/bin`, `${DIRECTORY}/run`];
}
