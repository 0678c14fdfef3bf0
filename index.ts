import { platform } from "./platform";

/** What `pulumi up` runs; its outputs are the stack's. */
export default platform;
