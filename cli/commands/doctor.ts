import { run } from "../doctor";

process.exitCode = await run(process.argv.slice(2));
