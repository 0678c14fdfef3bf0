import { execFileSync } from "node:child_process";

let user: number | undefined;

/** PostgreSQL refuses to run as root. */
export function postgresUser(): number {
  user ??= Number(execFileSync("id", ["-u", "postgres"], { encoding: "utf8" }));
  return user;
}
