import { run } from "../volumes";

process.exitCode = await run(process.argv.slice(2));
