import { run } from "./doctor/run";

process.exitCode = run(process.argv.slice(2));
