#!/bin/sh
# Builds the WASM module from its sources: not a byte of what is committed may change.
set -eu
generated=core/crypto/kernel
before=$(find $generated -type f -exec sha256sum {} + | sort -k 2)
deno task build:wasm
after=$(find $generated -type f -exec sha256sum {} + | sort -k 2)
if [ "$before" != "$after" ]; then
  printf 'The build changed files of %s:\n%s\n%s\n' "$generated" "$before" "$after" >&2
  exit 1
fi
