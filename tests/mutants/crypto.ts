import type { Mutant } from "./mutant.ts";

const SHARED_BATCH_TEST = "tests/core/crypto/shared_batch_test.ts";
const LIBCRYPTO_TEST = "tests/ffi/libcrypto_test.ts";
const DEVICE_TEST = "tests/core/device_test.ts";
const TRANSPORT_AEAD_TEST = "tests/core/crypto/transport_test.ts";
const NATIVE_TEST = "tests/ffi/native_crypto_test.ts";

/** What keeps the cryptography right and its keys secret, whichever implementation is in use. */
export const CRYPTO_MUTANTS: Mutant[] = [
  {
    property: "an all-zero shared secret is refused by the primitives",
    file: "core/crypto/noble.ts",
    snippet:
      "shared = x25519.getSharedSecret(privateKey, publicKey);\n    } catch {\n      out.fill(0);\n      return false;\n",
    replacement:
      "shared = x25519.getSharedSecret(privateKey, publicKey);\n    } catch {\n      out.fill(0);\n      return true;\n",
    testFile: DEVICE_TEST,
    test: "device: nothing is sent to peers whose key is of low order",
  },
  {
    property: "a chunk of a shared batch has one owner",
    file: "core/crypto/shared_batch.ts",
    snippet:
      "atomics.compareExchange(words, CHUNKS + chunk, free, generation + CLAIMED + self) === free;",
    replacement: "atomics.store(words, CHUNKS + chunk, generation + CLAIMED + self) !== free;",
    testFile: SHARED_BATCH_TEST,
    test: "shared batch: each message is computed once and in time: two helpers",
  },
  {
    property: "a late helper claims no chunk of a batch that it doesn't know",
    file: "core/crypto/shared_batch.ts",
    snippet: "if (!this.tryClaim(this.#generation, chunk, this.#self)) continue;",
    replacement:
      "if (!this.tryClaim(this.atomics.load(this.words, PUBLISHED), chunk, this.#self)) continue;",
    testFile: SHARED_BATCH_TEST,
    test: "shared batch: each message is computed once and in time: one helper, many batches",
  },
  {
    property: "a generation's number isn't used again while a helper may remember it",
    file: "core/crypto/shared_batch.ts",
    snippet: "if (!isRecent) return -1;",
    replacement: "",
    testFile: SHARED_BATCH_TEST,
    test: "shared batch: each message is computed once and in time: one helper, any delay",
  },
  {
    property: "a batch ends when all of its chunks are done",
    file: "core/crypto/pooled_transport_aead.ts",
    snippet: `if (state === "done") break;`,
    replacement: "if (state) break;",
    testFile: SHARED_BATCH_TEST,
    test: "shared batch: each message is computed once and in time: two helpers",
  },
  {
    property: "the owner of a batch sleeps through nobody's end",
    file: "core/crypto/shared_batch.ts",
    snippet: "if (atomics.load(words, WAITING) !== 0) atomics.notify(words, CHUNKS + chunk);",
    replacement: "",
    testFile: SHARED_BATCH_TEST,
    test: "shared batch: each message is computed once and in time: two helpers",
  },
  {
    property: "what a crypto thread failed to seal isn't sent in the clear",
    file: "core/crypto/pooled_transport_aead.ts",
    snippet: "bytes.fill(0, data, data + length + TAG_SIZE);",
    replacement: "",
    testFile: "tests/core/crypto/pooled_transport_aead_test.ts",
    test: "pooled AEAD: nothing of messages goes out that a helper failed to seal",
  },
  {
    property: "what a crypto thread failed to open isn't authentic",
    file: "core/crypto/pooled_transport_aead.ts",
    snippet: "view.setUint32(descriptor + DESCRIPTOR_RESULT, 0, true);",
    replacement: "",
    testFile: "tests/core/crypto/pooled_transport_aead_test.ts",
    test: "pooled AEAD: messages that a helper failed to open are not authentic",
  },
  {
    property: "a libcrypto that fails makes no plaintext be sent",
    file: "ffi/libcrypto_transport.ts",
    snippet: "    this.#memory.bytes.fill(0, start, start + length + TAG_SIZE);\n",
    replacement: "",
    testFile: LIBCRYPTO_TEST,
    test: "libcrypto: a message that can't be sealed has no plaintext in it",
  },
  {
    property: "libcrypto's contexts forget keys",
    file: "ffi/libcrypto_transport.ts",
    snippet: "    this.#functions.EVP_CIPHER_CTX_reset(context);\n",
    replacement: "",
    testFile: LIBCRYPTO_TEST,
    test: "libcrypto: no secret outlives the call it was given to",
  },
  {
    property: "libcrypto's private keys are freed",
    file: "ffi/libcrypto_x25519.ts",
    snippet: "    this.#functions.EVP_PKEY_free(pair);\n",
    replacement: "",
    testFile: LIBCRYPTO_TEST,
    test: "libcrypto: no secret outlives the call it was given to",
  },
  {
    property: "an implementation that opens forged messages isn't used",
    file: "core/crypto/self_test.ts",
    snippet: '      return "it opens a forged message";\n',
    replacement: "      continue;\n",
    testFile: "tests/core/crypto/self_test_test.ts",
    test: "self-test: finds out an implementation that opens whatever comes",
  },
  {
    property: "the native code compares the whole tag",
    file: "core/crypto/x86/transport_aead.ts",
    snippet: "      a.or(rax, rcx);\n",
    replacement: "",
    testFile: TRANSPORT_AEAD_TEST,
    test: "native avx2: opens nothing with another key, length or tag",
  },
  {
    property: "the native code leaves no secret in memory",
    file: "core/crypto/x86/transport_aead.ts",
    snippet: "      a.vstore(at(rbp, offset), zero);\n",
    replacement: "",
    testFile: NATIVE_TEST,
    test: "native avx2: the scratch area is all zero after each call",
  },
  {
    property: "the native code leaves no secret in vector registers",
    file: "core/crypto/x86/transport_aead.ts",
    snippet: "    a.vzeroall();\n",
    replacement: "",
    testFile: NATIVE_TEST,
    test: "native avx2: registers are zeroed or, where the ABI says so, restored",
  },
  {
    property: "the native code leaves no secret in general registers",
    file: "core/crypto/x86/transport_aead.ts",
    snippet: "    for (const register of OTHERS) a.xor(register, register);\n",
    replacement: "",
    testFile: NATIVE_TEST,
    test: "native avx2: registers are zeroed or, where the ABI says so, restored",
  },
  {
    property: "machine code is never writable",
    file: "core/crypto/x86/shared_object.ts",
    snippet: "[PT_LOAD, PF_R | PF_X, 0,",
    replacement: "[PT_LOAD, PF_R | PF_W | PF_X, 0,",
    testFile: "tests/core/crypto/x86/shared_object_test.ts",
    test: "shared object: no memory is writable and executable, stacks included",
  },
  {
    property: "the file that machine code comes from is sealed",
    file: "ffi/native_code.ts",
    snippet: "F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE",
    replacement: "F_SEAL_SHRINK | F_SEAL_GROW",
    testFile: NATIVE_TEST,
    test: "native avx2: nobody can change the code once it is loaded",
  },
  {
    property: "an implementation that fails its self-test isn't chosen",
    file: "cli/engine/choose_crypto.ts",
    snippet: "      if (problem === null) return candidate;\n",
    replacement: "      return candidate;\n",
    testFile: "tests/cli/engine/choose_crypto_test.ts",
    test: "auto doesn't use what computes wrongly, whatever it is, and tells of it",
  },
];
