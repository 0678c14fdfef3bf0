import "../pulumi-monitor/conceal-literals"; // must precede every import of the Pulumi SDK
import { run } from "../plan";

process.exitCode = await run(process.argv.slice(2));
