import { UapiError } from "../../core/uapi/client.ts";
import { Errno, SysError } from "../../ffi/errno.ts";
import { osErrorText } from "./os_error.ts";

/** Why an interface couldn't be reached, in the C library's words as `wg` prints them. */
export function deviceErrorText(error: unknown): string {
  if (error instanceof SysError) return error.description;
  if (error instanceof UapiError) {
    return new SysError("ask an interface", error.errno || Errno.EPROTO).description;
  }
  return osErrorText(error);
}
