/**
 * What `importLater` and `laterModule` name, beside the commands. A bundle must hold it, though nothing
 * that a bundler understands imports it.
 */
export const LATER_MODULES: readonly string[] = [
  "cli/engine/crypto_worker.ts",
  "cli/help.ts",
  "cli/show_state.ts",
  "cli/system/device_error.ts",
  "cli/system/endpoint_zones.ts",
  "cli/system/kernel_interface.ts",
  "cli/system/kernel_links.ts",
  "cli/system/key_file.ts",
  "cli/system/lookup_worker.ts",
  "cli/system/os_error.ts",
  "cli/system/save.ts",
  "cli/system/wg_resolver.ts",
  "cli/top/sampler_worker.ts",
  "core/crypto/noble.ts",
  "core/show/peer_printers.ts",
  "core/show/pretty_printer.ts",
  "core/uapi/long_answer.ts",
  "core/uapi/usual_lines.ts",
  "core/wg/peer_sections.ts",
  "core/wg/printed_sections.ts",
  "core/wg/sync_file.ts",
  "core/wg/syncconf.ts",
];
