import type { Context, Outcome } from "../shared";
import { type Model, streamsOf } from "./model";

/** Says that a model is correct. Loading it has checked it, and would have failed with all problems at once. */
export async function lint(_config: unknown, model: Model, { print }: Context): Promise<Outcome> {
  for (const platform of model.ecosystem.platforms) {
    const streams = streamsOf(model, platform).map(({ key }) => key);
    print(
      `${platform.name}: ${streams.length} streams${streams.length > 0 ? `: ${streams.join(", ")}` : ""}`,
    );
  }
  print("the model has no problems");
  return "done";
}
