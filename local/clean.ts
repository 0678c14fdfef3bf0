import { clean } from "./run/clean";

process.exitCode = await clean();
