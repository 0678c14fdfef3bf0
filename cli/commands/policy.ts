import "../pulumi-monitor/conceal-literals"; // must precede every import of the Pulumi SDK
import { run } from "../policy";

process.exitCode = await run(process.argv.slice(2));
