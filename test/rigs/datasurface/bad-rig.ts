import { copyFileSync, readdirSync, rmSync, unlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { PostgresServer } from "../postgres/postgres";
import { BAD_STORE, type BadInput, GOOD_SOURCE, spoiledModel } from "./bad-input";
import { modelOf, World, writeModel } from "./datasurface";

/** A world with one committed batch, in which wrong things are tried one after the other. */
export class BadInputRig {
  private constructor(readonly world: World) {}

  static async open(server: Pick<PostgresServer, "url" | "port">): Promise<BadInputRig> {
    const world = await World.open(modelOf({ Store1: { ...BAD_STORE, deletions: {} } }), server);
    await world.source.query("CREATE ROLE bad_input_reader LOGIN PASSWORD 'reader'").catch(() => undefined); // roles are the server's
    await world.source.query(GOOD_SOURCE);
    await world.ingest("YellowLive");
    return new BadInputRig(world);
  }

  /** Prepares one case; answers the words and the environment that the job is given, and how to clean up. */
  async prepare(input: BadInput) {
    await this.world.source.query(GOOD_SOURCE);
    if (input.source) await this.world.source.query(input.source);
    const folder = writeModel(spoiledModel(input));
    for (const [name, text] of Object.entries(input.files ?? {})) {
      if (name === "other.yaml") copyFileSync(join(folder, "model.yaml"), join(folder, name));
      else writeFileSync(join(folder, name), text);
    }
    if (input.files && "other.yaml" in input.files) unlinkSync(join(folder, "model.yaml"));
    const flags: NonNullable<BadInput["flags"]> = {
      platform: "YellowLive",
      store: "Store1",
      model: folder,
      ...input.flags,
    };
    const words = Object.entries(flags).flatMap(([name, value]) =>
      value === undefined ? [] : value === true ? [`--${name}`] : [`--${name}`, value],
    );
    return {
      words: ["datasurface", input.verb ?? "ingest", ...words],
      environment: {
        ...this.world.source.environment("SOURCE"),
        ...this.world.merge.environment("MERGE"),
        ...input.environment,
      },
      cleanUp: () => readdirSync(folder) && rmSync(folder, { recursive: true }),
    };
  }

  /** All that consumers could see a change in. */
  async merged(): Promise<unknown> {
    return {
      customers: await this.world.merge.query("SELECT * FROM yellowlive_store1_customers_merge ORDER BY id"),
      addresses: await this.world.merge.query("SELECT * FROM yellowlive_store1_addresses_merge ORDER BY id"),
      batches: await this.world.merge.query(
        "SELECT batch_id, keys_new, datasets FROM yellowlive_batch_metrics WHERE batch_status = 'committed'",
      ),
    };
  }

  /** The world is as good as before: the next batch commits. */
  async recovers(): Promise<void> {
    await this.world.source.query(GOOD_SOURCE);
    await this.world.ingest("YellowLive");
  }

  close(): Promise<void> {
    return this.world.close();
  }
}
