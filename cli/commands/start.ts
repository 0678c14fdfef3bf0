import { start } from "../start";

process.exit(await start(process.argv.slice(2))); // exits even if a library still holds open handles
