import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { expect, it } from "vitest";

/** Prints how many files of the resolver are loaded after the import of the SDK, and after the first use of it. */
const PROGRAM = `
  import "./cli/pulumi-monitor/lazy-arborist.ts";
  import { createRequire } from "node:module";
  await import("@pulumi/pulumi");
  const require = createRequire(process.cwd() + "/index.ts");
  const sdk = createRequire(require.resolve("@pulumi/pulumi"));
  const loaded = () => Object.keys(require.cache).filter((path) => path.includes("/@npmcli/arborist/")).length;
  const before = loaded();
  const { Arborist } = sdk("@npmcli/arborist");
  console.log(JSON.stringify({ before, made: new Arborist({ path: "." }).path === process.cwd(), after: loaded() }));
`;

it("npm's resolver is loaded with its first use, and not with the SDK", async () => {
  const { stdout } = await promisify(execFile)(process.execPath, [
    ...["--import", "tsx", "--input-type=module", "--eval", PROGRAM],
  ]);
  const { before, made, after } = JSON.parse(stdout);
  expect({ before, made }).toEqual({ before: 1, made: true });
  expect(after).toBeGreaterThan(10);
});
