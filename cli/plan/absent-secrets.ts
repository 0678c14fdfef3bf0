import { neededSecrets, parseSettings, SettingsError } from "../../components/settings";
import { placeholder } from "../pulumi-monitor";
import type { StackConfig } from "./stack-file";

/** A secret that the settings call for and that nobody has set yet. */
export interface AbsentSecret {
  readonly key: string;
  readonly why: string;
}

/**
 * Completes settings with placeholders for the secrets that are still to be set: a plan shows no secret's value, so
 * it needs none, and a fresh checkout can be planned before anybody has an account.
 */
export function withAbsentSecrets({
  config,
  secretKeys,
}: StackConfig): StackConfig & { absent: AbsentSecret[] } {
  const absent = neededBy(config["trellis:settings"]).filter(({ key }) => config[key] === undefined);
  return {
    config: {
      ...config,
      ...Object.fromEntries(absent.map(({ key }) => [key, placeholder(`${key}-not-set-yet`)])),
    },
    secretKeys: [...secretKeys, ...absent.map(({ key }) => key)],
    absent,
  };
}

function neededBy(settings: string | undefined): AbsentSecret[] {
  if (settings === undefined) return [];
  try {
    return neededSecrets(parseSettings(JSON.parse(settings))).map(({ name, why }) => ({
      key: `trellis:${name}`,
      why,
    }));
  } catch (error) {
    // The program itself will refuse these settings, and say why.
    if (error instanceof SettingsError || error instanceof SyntaxError) return [];
    throw error;
  }
}
