import { run } from "../alerts";

process.exitCode = await run(process.argv.slice(2));
