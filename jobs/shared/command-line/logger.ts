import pino from "pino";

export type Logger = pino.Logger;

/**
 * The only logger: JSON lines for machines, plain lines on a terminal; always on stderr, so that stdout contains only a
 * verb's answer. LOG_FORMAT (json or text) and LOG_LEVEL override the defaults.
 */
export function createLogger(fields: Record<string, string>, environment = process.env): Logger {
  const level = environment.LOG_LEVEL?.toLowerCase() || "info";
  const format = environment.LOG_FORMAT || (process.stderr.isTTY ? "text" : "json");
  return pino(
    {
      level: level in pino.levels.values || level === "silent" ? level : "info",
      base: fields,
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
    },
    format === "text"
      ? { write: (line) => process.stderr.write(readable(line)) }
      : pino.destination({ fd: 2, sync: true }),
  );
}

const COLOURS: Record<string, string> = {
  warn: "\x1b[33m",
  error: "\x1b[31m",
  fatal: "\x1b[31m",
  debug: "\x1b[2m",
};

function readable(line: string): string {
  const {
    level,
    time,
    msg,
    domain: _domain,
    verb: _verb,
    ...fields
  } = JSON.parse(line) as Record<string, unknown>;
  const rest = Object.entries(fields)
    .map(([name, value]) => `${name}=${typeof value === "string" ? value : JSON.stringify(value)}`)
    .join(" ");
  const clock = String(time).slice(11, 19);
  const name = String(level);
  const text = `${clock} ${name.padEnd(5)} ${String(msg)}${rest ? `  ${rest}` : ""}`;
  const colour = process.stderr.isTTY ? COLOURS[name] : undefined;
  return colour ? `${colour}${text}\x1b[0m\n` : `${text}\n`;
}
