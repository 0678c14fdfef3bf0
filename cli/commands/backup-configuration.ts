import { run } from "../configuration";

process.exitCode = await run(process.argv.slice(2));
