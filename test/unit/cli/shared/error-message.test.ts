import { describe, expect, it } from "vitest";
import { isUserError, messageOf } from "../../../../cli/shared/error-message";
import { UsageError } from "../../../../cli/shared/usage-error";
import { UserError } from "../../../../components/shared/user-error";
import { JobError, StoreError } from "../../../../jobs/shared";

describe("an error message", () => {
  it.each([
    new UserError("no such file"),
    new UsageError("no such file"),
    new JobError("no such file"),
    new StoreError("no such file", "NoSuchKey"),
  ])("is enough where the user can correct the fault: %o", (error) => {
    expect(isUserError(error)).toBe(true);
    expect(messageOf(error)).toBe("no such file");
  });

  it("comes with the stack where the program is at fault", () => {
    const fault = new TypeError("not a function");
    expect(isUserError(fault)).toBe(false);
    expect(messageOf(fault)).toContain(fault.stack);
  });
});
