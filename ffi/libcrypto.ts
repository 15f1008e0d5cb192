import { cString } from "./text.ts";

/** OpenSSL 3's library of cryptography, as the system's packages name it. */
export const LIBCRYPTO = "libcrypto.so.3";

// Chosen as in libc.ts: `int` and `size_t` are i32, the packet path passes ready-made pointers. OpenSSL
// 1.1 has neither parameters nor a way to make a private key without computing its public key.
const SYMBOLS = {
  // The library
  OPENSSL_init_crypto: {
    parameters: [/* uint64_t options */ "u64", /* const OPENSSL_INIT_SETTINGS * */ "pointer"],
    result: "i32",
  },
  OpenSSL_version: { parameters: [/* int what */ "i32"], result: "pointer" }, // const char *
  ERR_clear_error: { parameters: [], result: "void" },
  OSSL_LIB_CTX_new: { parameters: [], result: "pointer" },

  // Ciphers
  EVP_CIPHER_fetch: {
    parameters: [
      /* OSSL_LIB_CTX * */ "pointer",
      /* const char *algorithm */ "buffer",
      /* const char *properties */ "pointer",
    ],
    result: "pointer",
  },
  EVP_CIPHER_CTX_new: { parameters: [], result: "pointer" },
  EVP_CIPHER_CTX_reset: { parameters: [/* EVP_CIPHER_CTX * */ "pointer"], result: "i32" },
  EVP_CIPHER_CTX_get_params: {
    parameters: [/* EVP_CIPHER_CTX * */ "pointer", /* OSSL_PARAM[] */ "pointer"],
    result: "i32",
  },
  EVP_EncryptInit_ex2: {
    parameters: [
      /* EVP_CIPHER_CTX * */ "pointer",
      /* const EVP_CIPHER * */ "pointer",
      /* const unsigned char *key */ "pointer",
      /* const unsigned char *iv */ "pointer",
      /* const OSSL_PARAM[] */ "pointer",
    ],
    result: "i32",
  },
  EVP_EncryptUpdate: {
    parameters: [
      /* EVP_CIPHER_CTX * */ "pointer",
      /* unsigned char *out */ "pointer",
      /* int *outl */ "pointer",
      /* const unsigned char *in */ "pointer",
      /* int inl */ "i32",
    ],
    result: "i32",
  },
  EVP_EncryptFinal_ex: {
    parameters: [
      /* EVP_CIPHER_CTX * */ "pointer",
      /* unsigned char *out */ "pointer",
      /* int *outl */ "pointer",
    ],
    result: "i32",
  },
  EVP_DecryptInit_ex2: {
    parameters: [
      /* EVP_CIPHER_CTX * */ "pointer",
      /* const EVP_CIPHER * */ "pointer",
      /* const unsigned char *key */ "pointer",
      /* const unsigned char *iv */ "pointer",
      /* const OSSL_PARAM[] */ "pointer",
    ],
    result: "i32",
  },
  EVP_DecryptUpdate: {
    parameters: [
      /* EVP_CIPHER_CTX * */ "pointer",
      /* unsigned char *out */ "pointer",
      /* int *outl */ "pointer",
      /* const unsigned char *in */ "pointer",
      /* int inl */ "i32",
    ],
    result: "i32",
  },
  EVP_DecryptFinal_ex: {
    parameters: [
      /* EVP_CIPHER_CTX * */ "pointer",
      /* unsigned char *out */ "pointer",
      /* int *outl */ "pointer",
    ],
    result: "i32",
  },

  // Key agreement
  EVP_PKEY_CTX_new_from_name: {
    parameters: [
      /* OSSL_LIB_CTX * */ "pointer",
      /* const char *name */ "buffer",
      /* const char *properties */ "pointer",
    ],
    result: "pointer",
  },
  EVP_PKEY_CTX_new_from_pkey: {
    parameters: [
      /* OSSL_LIB_CTX * */ "pointer",
      /* EVP_PKEY * */ "pointer",
      /* const char *properties */ "pointer",
    ],
    result: "pointer",
  },
  EVP_PKEY_CTX_free: { parameters: [/* EVP_PKEY_CTX * */ "pointer"], result: "void" },
  EVP_PKEY_free: { parameters: [/* EVP_PKEY * */ "pointer"], result: "void" },
  EVP_PKEY_fromdata_init: { parameters: [/* EVP_PKEY_CTX * */ "pointer"], result: "i32" },
  EVP_PKEY_fromdata: {
    parameters: [
      /* EVP_PKEY_CTX * */ "pointer",
      /* EVP_PKEY **key */ "pointer",
      /* int selection */ "i32",
      /* OSSL_PARAM[] */ "pointer",
    ],
    result: "i32",
  },
  EVP_PKEY_derive_init: { parameters: [/* EVP_PKEY_CTX * */ "pointer"], result: "i32" },
  EVP_PKEY_derive_set_peer_ex: {
    parameters: [
      /* EVP_PKEY_CTX * */ "pointer",
      /* EVP_PKEY *peer */ "pointer",
      /* int validate */ "i32",
    ],
    result: "i32",
  },
  EVP_PKEY_derive: {
    parameters: [
      /* EVP_PKEY_CTX * */ "pointer",
      /* unsigned char *secret */ "pointer",
      /* size_t *length */ "pointer",
    ],
    result: "i32",
  },
} as const satisfies Deno.ForeignLibraryInterface;

/** The functions that this program calls. Those that return an int return 1 for success. */
export type LibcryptoFunctions = Deno.DynamicLibrary<typeof SYMBOLS>["symbols"];

/** OPENSSL_init_crypto: don't read openssl.cnf, which could put other code in place of OpenSSL's own. */
const OPENSSL_INIT_NO_LOAD_CONFIG = 0x80n;
/** OpenSSL_version: the version in full. */
const OPENSSL_VERSION_FULL = 0;

/** The opened library. */
export interface Libcrypto {
  /** Its functions. */
  readonly functions: LibcryptoFunctions;
  /** OSSL_LIB_CTX of our own, with the default provider and no configuration. */
  readonly context: Deno.PointerValue;
  /** As "OpenSSL 3.0.19 27 Jan 2026". */
  readonly version: string;
}

const opened = new Map<string, Libcrypto>();

/**
 * Opens libcrypto, which stays open. It costs about 10 ms and 8 MB of resident memory, most of it
 * shared with other processes that use the library.
 *
 * @throws Error when there is none, or it lacks a function
 */
export function openLibcrypto(soname: string = LIBCRYPTO): Libcrypto {
  const known = opened.get(soname);
  if (known !== undefined) return known;
  const functions = load(soname);
  if (functions.OPENSSL_init_crypto(OPENSSL_INIT_NO_LOAD_CONFIG, null) !== 1) {
    throw new Error(`${soname} can't be initialised`);
  }
  const context = functions.OSSL_LIB_CTX_new();
  const version = functions.OpenSSL_version(OPENSSL_VERSION_FULL);
  if (context === null || version === null) throw new Error(`${soname} can't be initialised`);
  const library = { functions, context, version: Deno.UnsafePointerView.getCString(version) };
  opened.set(soname, library);
  return library;
}

function load(soname: string): LibcryptoFunctions {
  try {
    return Deno.dlopen(soname, SYMBOLS).symbols;
  } catch (cause) {
    const message = cause instanceof Error ? cause.message : String(cause);
    throw new Error(message.replace(/^(Could not open library: )+/, ""), { cause });
  }
}

/** The algorithm `name`, or null. It is kept for good. */
export function fetchCipher({ functions, context }: Libcrypto, name: string): Deno.PointerValue {
  return functions.EVP_CIPHER_fetch(context, cString(name), null);
}
