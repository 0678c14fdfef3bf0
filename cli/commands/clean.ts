import { clean } from "../start";

process.exitCode = await clean();
