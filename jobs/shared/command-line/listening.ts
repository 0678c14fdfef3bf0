import { flag, text, wholeNumber } from "./setting";

/** Where an HTTP server of a job listens: `--host` and `--port`, or variables that begin with the prefix. */
export const listening = (prefix: string, port = 8080) => ({
  host: flag("--host <address>", "address to listen on", text().default("0.0.0.0"), `${prefix}_HOST`),
  port: flag(
    "--port <port>",
    "port to listen on",
    wholeNumber({ max: 65_535 }).default(port),
    `${prefix}_PORT`,
  ),
});
