import "../pulumi-monitor/conceal-literals"; // before everything that imports the Pulumi SDK
import { run } from "../plan";

process.exitCode = await run(process.argv.slice(2));
