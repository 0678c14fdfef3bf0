import type { Sessions } from "./sessions";

export interface PoolSize {
  readonly name: string;
  readonly agents: number;
  readonly generation: number;
}

/** Registers the sizes of the settings. A size that an operator set by the endpoint stays until the setting changes. */
export async function registerPools(sessions: Sessions, sizes: ReadonlyMap<string, number>): Promise<void> {
  await sessions.use(async (database) => {
    for (const [name, agents] of sizes) {
      await database.query(
        `INSERT INTO agents.pools AS p (name, configured, agents) VALUES ($1, $2, $2)
         ON CONFLICT (name) DO UPDATE SET configured = excluded.configured, agents = excluded.agents, updated_at = now()
         WHERE p.configured <> excluded.configured`,
        [name, agents],
      );
    }
  });
}

export async function poolSizes(sessions: Sessions): Promise<PoolSize[]> {
  const { rows } = await sessions.use((database) =>
    database.query<PoolSize>("SELECT name, agents, generation FROM agents.pools ORDER BY name"),
  );
  return rows;
}

/** Sets a pool's size for every worker process; returns false for a pool that no worker has registered. */
export async function scalePool(sessions: Sessions, name: string, agents: number): Promise<boolean> {
  const { rowCount } = await sessions.use((database) =>
    database.query("UPDATE agents.pools SET agents = $2, updated_at = now() WHERE name = $1", [name, agents]),
  );
  return rowCount === 1;
}

/** Makes every worker process replace the pool's agents when their present tasks end. */
export async function restartPool(sessions: Sessions, name: string): Promise<boolean> {
  const { rowCount } = await sessions.use((database) =>
    database.query(
      "UPDATE agents.pools SET generation = generation + 1, updated_at = now() WHERE name = $1",
      [name],
    ),
  );
  return rowCount === 1;
}
