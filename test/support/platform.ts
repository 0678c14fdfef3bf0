import { neededSecrets, parseSettings } from "../../components/settings";
import type { Evaluation } from "../../local/monitor";
import { platform } from "../../platform";
import { evaluateStack } from "./evaluate";

/** What the program declares for these settings; every secret that they call for is set. */
export function evaluatePlatform(raw: Record<string, unknown>, stack = "test"): Promise<Evaluation> {
  const secrets = neededSecrets(parseSettings(raw)).map(({ name }) => [name, `${name}-that-is-secret`]);
  return evaluateStack({
    stack,
    program: platform,
    config: { settings: raw },
    secrets: Object.fromEntries(secrets),
  });
}
