import { createRequire } from "node:module";
import { RunError } from "@pulumi/pulumi/errors.js";
import { SettingsError } from "../../../components/settings";
import { shortenStack } from "../../../components/shared/short-stacks";
import { UserError } from "../../../components/shared/user-error";

// What the SDK's language host calls first with every error of a program; its types leave it out.
const { defaultErrorMessage }: { defaultErrorMessage: (error: unknown) => string } = createRequire(
  import.meta.url,
)("@pulumi/pulumi/cmd/run/error.js");

/** How source maps show frames of the SDK. */
const FRAMES = ["/node_modules/@pulumi/resource.ts:1598:5", "/home/me/trellis/platform.ts:30:9"];

// Such an error is made in a process of its own, since a fault here is an endless loop: `node --import tsx <file>`.
Error.prepareStackTrace = (error) =>
  `${error}\n${FRAMES.map((frame) => `    at wanted (${frame})`).join("\n")}`;

const unexpected = () => {
  const error = new TypeError("nothing is known of it", { cause: new Error("the cause") });
  shortenStack(error);
  return error;
};
const errors: Readonly<Record<string, () => Error>> = {
  UserError: () => new UserError("the message alone"),
  SettingsError: () => new SettingsError([]),
  unexpected,
};

const shown = Object.entries(errors).map(([name, make]) => {
  const error = make();
  const began = performance.now();
  const text = defaultErrorMessage(error);
  return {
    ...{ name, text, message: error.message, milliseconds: performance.now() - began },
    forTheUser: RunError.isInstance(error),
  };
});
process.stdout.write(JSON.stringify(shown));
