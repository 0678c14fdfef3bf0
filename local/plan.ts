import "./monitor/conceal-literals"; // before everything that imports the Pulumi SDK
import { run } from "./plan/index";

process.exitCode = await run(process.argv.slice(2));
