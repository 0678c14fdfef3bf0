import { readFileSync } from "node:fs";
import PgBoss from "pg-boss";

/** Plain pg-boss: each job sends one request to the model and nothing else. Ends when its parent ends it. */
const [url = "", model = "", request = "", workers = "1"] = process.argv.slice(2);
const body = readFileSync(request, "utf8");
const boss = new PgBoss({ connectionString: url, max: 8, supervise: false, schedule: false });
boss.on("error", () => undefined);
await boss.start();
const names: string[] = [];
for (let each = 0; each < Number(workers); each++) {
  const name: string = await boss.work("plain", { batchSize: 1, pollingIntervalSeconds: 0.5 }, async () => {
    const headers = { "content-type": "application/json" };
    const response = await fetch(`${model}/chat/completions`, { method: "POST", headers, body });
    await response.json();
    const own = names[each];
    if (own) boss.notifyWorker(own); // else pg-boss waits for the rest of its interval after each job
  });
  names[each] = name;
}
