/** Prints the fields of /proc/PID/status that tell what each thread of this process may do. */
import { threadStatuses } from "../thread_status.ts";

console.log(JSON.stringify(threadStatuses()));
