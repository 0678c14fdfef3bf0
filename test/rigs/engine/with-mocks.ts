import * as pulumi from "@pulumi/pulumi";
import { withLocalStorage } from "@pulumi/pulumi/runtime/state.js";

/**
 * Declares resources against mocks of Pulumi's SDK. The mocks end with the work: those of the whole process would answer the
 * next test of the same worker.
 */
export function withMocks<T>(
  newResource: pulumi.runtime.Mocks["newResource"],
  work: () => Promise<T>,
): Promise<T> {
  return withLocalStorage(async () => {
    await pulumi.runtime.setMocks({ call: () => ({}), newResource });
    return work();
  });
}
