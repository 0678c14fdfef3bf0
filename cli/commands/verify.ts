import { run } from "../verify";

process.exitCode = await run(process.argv.slice(2));
