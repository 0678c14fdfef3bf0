import { start } from "../start";

process.exit(await start(process.argv.slice(2))); // whatever a library still holds open is of no use any more
