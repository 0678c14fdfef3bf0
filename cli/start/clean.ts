import { rmSync } from "node:fs";
import { messageOf } from "../shared/error-message";
import { LOCAL, OUT } from "./folders";
import { holdFolder } from "./lock";
import { removePostgresElsewhere } from "./services";

/** Runs `npm run clean`: nothing of plans and local runs is left. */
export async function clean(): Promise<number> {
  try {
    const release = await holdFolder(LOCAL);
    removePostgresElsewhere(LOCAL);
    for (const folder of [OUT, LOCAL]) rmSync(folder, { recursive: true, force: true });
    release();
    process.stdout.write("removed out/ and .local/\n");
    return 0;
  } catch (error) {
    process.stderr.write(`error  ${messageOf(error)}\n`);
    return 1;
  }
}
