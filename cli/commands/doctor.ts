import { run } from "../doctor";

process.exitCode = run(process.argv.slice(2));
