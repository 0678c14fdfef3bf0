import { healthCommand } from "../operations";

process.exitCode = await healthCommand.run(process.argv.slice(2));
