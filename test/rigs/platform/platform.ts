import type { Evaluation } from "../../../cli/pulumi-monitor";
import { serversFor } from "../../../components/servers";
import { loadSettings, neededSecrets, parseSettings } from "../../../components/settings";
import platform from "../../../index";
import { evaluateStack } from "../evaluate";
import { keptEvaluation } from "./kept-evaluations";

/** A value for every secret that these settings call for, by its name. */
function secretsOf(raw: Record<string, unknown>): Record<string, string> {
  return Object.fromEntries(
    neededSecrets(parseSettings(raw)).map(({ name }) => [name, `${name}-that-is-secret`]),
  );
}

/** The same settings and secrets as the engine keeps them. */
export function configurationOf(raw: Record<string, unknown>) {
  const secrets = Object.entries(secretsOf(raw)).map(([name, value]) => [`trellis:${name}`, value]);
  return { config: { "trellis:settings": raw }, secrets: Object.fromEntries(secrets) };
}

/** What the program declares for these settings; every secret that they call for is set. */
export function evaluatePlatform(raw: Record<string, unknown>, stack = "test"): Promise<Evaluation> {
  return keptEvaluation([stack, raw], () =>
    evaluateStack({
      stack,
      program: platform,
      config: { settings: raw },
      secrets: secretsOf(raw),
    }),
  );
}

/** The servers alone that the program declares for these settings: a tenth of the work. */
export function evaluateServers(raw: Record<string, unknown>, stack = "test"): Promise<Evaluation> {
  return evaluateStack({
    stack,
    program: async () => {
      const { settings, secrets } = loadSettings();
      await serversFor(settings, secrets, []);
    },
    config: { settings: raw },
    secrets: secretsOf(raw),
  });
}
