import assert from "node:assert/strict";
import { readConfig, requireLocation } from "../../../cli/system/config_file.ts";
import { parseServices } from "../../../cli/system/services.ts";

const TEXT = "[Interface]\nPrivateKey = yAnz5TF+lXXJte14tji3zlMNq+hd2rYUIgJBgB3fBmk=\n";

function withFile(mode: number, text: string, body: (path: string) => void): void {
  const directory = Deno.makeTempDirSync();
  try {
    const path = `${directory}/wg0.conf`;
    Deno.writeTextFileSync(path, text);
    Deno.chmodSync(path, mode & 0o777);
    Deno.chmodSync(directory, mode & 0o7 ? 0o755 : 0o700);
    body(path);
  } finally {
    Deno.removeSync(directory, { recursive: true });
  }
}

Deno.test("a config is found by name or by path", () => {
  assert.deepEqual(requireLocation("wg0"), { path: "/etc/wireguard/wg0.conf", name: "wg0" });
  assert.deepEqual(requireLocation("./vpn.conf"), { path: "./vpn.conf", name: "vpn" });
  assert.throws(() => requireLocation("/no/such/file"), {
    message: "`/no/such/file' does not exist",
  });
  assert.throws(() => requireLocation("/etc/passwd"), {
    message: "The config file must be a valid interface name, followed by .conf",
  });
});

Deno.test("a config's links are followed", () => {
  withFile(0o600, TEXT, (path) => {
    const link = `${path.slice(0, -8)}other.conf`;
    Deno.symlinkSync(path, link);
    const { path: real, config } = readConfig(link, assert.fail);
    assert.equal(real, Deno.realPathSync(path));
    assert.equal(config.interface.privateKey?.length, 32);
  });
});

Deno.test("a config that others may read is complained about", () => {
  withFile(0o644, TEXT, (path) => {
    const warnings: string[] = [];
    const { path: real } = readConfig(path, (line) => warnings.push(line));
    assert.deepEqual(warnings, [`Warning: \`${real}' is world accessible`]);
  });
});

Deno.test("a missing and a broken config are told apart", () => {
  assert.throws(() => readConfig("/no/such/wg0.conf", assert.fail), {
    name: "MissingConfigError",
    message: "`/no/such/wg0.conf' does not exist",
  });
  withFile(0o600, "[Interface]\nAddress = 10.0.0.1/33\n", (path) => {
    assert.throws(() => readConfig(path, assert.fail), { name: "ConfigError", line: 2 });
  });
});

Deno.test("a config that can't be read is named, with the reason", () => {
  const directory = Deno.makeTempDirSync({ suffix: ".conf" });
  try {
    assert.throws(() => readConfig(directory, assert.fail), {
      message: `Cannot read ${directory}: it is a directory`,
    });
  } finally {
    Deno.removeSync(directory);
  }
});

// Others than root may not look into /etc/wireguard.
const isRoot = Deno.uid() === 0;

Deno.test("whoever names a file instead of an interface gets a hint", { ignore: !isRoot }, () => {
  const former = Deno.cwd();
  withFile(0o600, TEXT, (path) => {
    Deno.chdir(path.slice(0, path.lastIndexOf("/")));
    try {
      assert.throws(() => readConfig(requireLocation("wg0.conf").path, assert.fail), {
        message:
          /^`\/etc\/wireguard\/wg0\.conf\.conf' does not exist: did you mean .*\.\/wg0\.conf\?$/,
      });
      assert.throws(() => readConfig(requireLocation("wg9.conf").path, assert.fail), {
        message: "`/etc/wireguard/wg9.conf.conf' does not exist",
      });
    } finally {
      Deno.chdir(former);
    }
  });
});

Deno.test("services are UDP ports by name and alias", () => {
  const text =
    "domain 53/tcp\ndomain\t53/udp nameserver # DNS\n#no 1/udp\nntp 123/udp\nntp 1/udp\n";
  assert.deepEqual([...parseServices(text)], [["domain", 53], ["nameserver", 53], ["ntp", 123]]);
});
