import { run } from "./configuration/run";

process.exitCode = await run(process.argv.slice(2));
