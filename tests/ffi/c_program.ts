/** Whether there is a C compiler to compare with. */
export const hasCompiler: boolean = await (async () => {
  try {
    return (await new Deno.Command("cc", { args: ["--version"], stdout: "null" }).output()).success;
  } catch {
    return false;
  }
})();

/** Compiles and runs a C program, and returns what it printed. */
export async function runC(source: string): Promise<string> {
  const directory = await Deno.makeTempDir();
  try {
    await Deno.writeTextFile(`${directory}/program.c`, source);
    const compiler = new Deno.Command("cc", {
      args: ["-w", "-o", `${directory}/program`, `${directory}/program.c`],
    });
    const { success, stderr } = await compiler.output();
    if (!success) throw new Error(new TextDecoder().decode(stderr));
    const { stdout } = await new Deno.Command(`${directory}/program`).output();
    return new TextDecoder().decode(stdout);
  } finally {
    await Deno.remove(directory, { recursive: true });
  }
}

/** The values of C integer expressions; those of macros that the headers don't define are left out. */
export async function evaluateC(
  headers: readonly string[],
  expressions: readonly string[],
): Promise<Map<string, bigint>> {
  const lines = expressions.map((expression) => {
    const print = `printf("%s=%lld\\n", ${
      JSON.stringify(expression)
    }, (long long)(${expression}));`;
    return /^\w+$/.test(expression) ? `#ifdef ${expression}\n${print}\n#endif` : print;
  });
  const includes = ["stdio.h", "stddef.h", ...headers].map((header) => `#include <${header}>`);
  const output = await runC(
    ["#define _GNU_SOURCE", ...includes, "int main(void) {", ...lines, "return 0; }"].join("\n"),
  );
  return new Map(
    output.trim().split("\n").map((line) => {
      const at = line.lastIndexOf("=");
      return [line.slice(0, at), BigInt(line.slice(at + 1))];
    }),
  );
}
