import { rmSync } from "node:fs";
import { runCommand } from "../shared/command-line";
import { LOCAL, OUT } from "./folders";
import { holdFolder } from "./lock";
import { removePostgresElsewhere } from "./services";

/** Runs `npm run clean`: removes all plans and local runs. */
export const clean = (): Promise<number> =>
  runCommand({ command: "npm run clean" }, async () => {
    const release = await holdFolder(LOCAL);
    removePostgresElsewhere(LOCAL);
    for (const folder of [OUT, LOCAL]) rmSync(folder, { recursive: true, force: true });
    release();
    process.stdout.write("removed out/ and .local/\n");
  });
