import { statusCommand } from "../operations";

process.exitCode = await statusCommand.run(process.argv.slice(2));
