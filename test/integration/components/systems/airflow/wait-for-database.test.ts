import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { createServer } from "node:net";
import { expect, it } from "vitest";
import type { Variable } from "../../../../../components/systems/airflow/configuration";
import { waitsToBeLetIn } from "../../../../../components/systems/airflow/wait-for-database";
import { freePort } from "../../../../rigs/postgres/postgres";
import { describeWith, program } from "../../../../rigs/programs";

const DATABASE = "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN";
const SECRET = "AIRFLOW__CORE__FERNET_KEY";

/** What the container runs, with another patience, and where it looks. */
function waiting(port: number, seconds: number) {
  const url = `postgresql://airflow:p%40ss@127.0.0.1:${port}/airflow_db`;
  const { args } = waitsToBeLetIn([]);
  const words = [...(args as string[]).slice(1, -1), String(seconds)]; // the program is named as the image names it
  return { words, env: { ...process.env, [DATABASE]: url } };
}

describeWith(["python3"], "the wait of Airflow's pods for their database", () => {
  it("ends as soon as the database takes a connection", async () => {
    const port = await freePort();
    const { words, env } = waiting(port, 600);
    const child = spawn(program("python3"), words, { env, stdio: "inherit" });
    const ended = once(child, "exit");
    const server = createServer((socket) => socket.destroy());
    try {
      await new Promise<void>((resolve) => server.listen(port, "127.0.0.1", resolve));
      expect(await ended).toEqual([0, null]);
    } finally {
      server.close();
      child.kill();
    }
  });

  it("gives up in time, and names the server, but not the password", async () => {
    const { words, env } = waiting(await freePort(), 0.5);
    const { status, stderr } = spawnSync(program("python3"), words, { env, encoding: "utf8" });
    expect(status).toBe(1);
    expect(stderr).toMatch(/^PostgreSQL at 127\.0\.0\.1 cannot be reached: .*refused/);
    expect(stderr).not.toContain("p%40ss");
  });

  it("is told of no secret but the database's", () => {
    const env: Variable[] = [DATABASE, SECRET].map((name) => ({ name, value: "" }));
    expect(waitsToBeLetIn(env).env).toEqual([{ name: DATABASE, value: "" }]);
  });
});
