import assert from "node:assert/strict";
import { BASH_SCRIPT } from "../../../cli/completions/bash.ts";
import { FISH_SCRIPT } from "../../../cli/completions/fish.ts";
import { ZSH_SCRIPT } from "../../../cli/completions/zsh.ts";

/** What each shell does when Tab is pressed behind the path and a space. */
const SHELLS: Readonly<Record<string, readonly [script: string, press: string]>> = {
  bash: [
    BASH_SCRIPT,
    'COMP_WORDS=("$1" ""); COMP_CWORD=1; COMP_LINE="$1 "; COMP_POINT=${#COMP_LINE}; _wgts',
  ],
  zsh: [ZSH_SCRIPT, 'words=("$1" ""); CURRENT=2; PREFIX=; _wgts'],
  fish: [FISH_SCRIPT, 'complete -C "$argv[1] "'],
};

for (const [shell, [script, press]] of Object.entries(SHELLS)) {
  Deno.test({
    name: `${shell} asks the program in PATH, not the one whose path was typed`,
    ignore: !["/bin", "/usr/bin"].some((directory) => exists(`${directory}/${shell}`)),
    async fn() {
      const root = await Deno.makeTempDir();
      try {
        for (const place of ["installed", "typed"]) {
          await Deno.mkdir(`${root}/${place}`);
          const program = `#!/bin/sh\n: >${root}/${place}.ran\n`;
          await Deno.writeTextFile(`${root}/${place}/wgts`, program, { mode: 0o755 });
        }
        // zsh's is loaded where its completion system is.
        const begin = shell === "zsh" ? "compdef() { :; }; _describe() { :; }\n" : "";
        await new Deno.Command(shell, {
          args: ["-c", `${begin}${script}\n${press}`, ...(shell === "fish" ? [] : [shell])]
            .concat(`${root}/typed/wgts`),
          env: { PATH: `${root}/installed:/usr/bin:/bin`, HOME: root },
          stderr: "inherit",
        }).output();
        assert.ok(exists(`${root}/installed.ran`));
        assert.ok(!exists(`${root}/typed.ran`));
      } finally {
        await Deno.remove(root, { recursive: true });
      }
    },
  });
}

function exists(path: string): boolean {
  try {
    return Deno.statSync(path).isFile;
  } catch {
    return false;
  }
}
