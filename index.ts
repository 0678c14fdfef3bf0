import { shortenUnexpectedErrors } from "./components/short-stacks";
import { platform } from "./platform";

shortenUnexpectedErrors();

/** What `pulumi up` runs; its outputs are the stack's. */
export default platform;
