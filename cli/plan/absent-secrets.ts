import { neededSecrets, parseSettings, SettingsError } from "../../components/settings";
import { placeholder } from "../shared/placeholders";
import type { StackConfig } from "./stack-file";

/** A secret that the settings need and that is not set yet. */
export interface AbsentSecret {
  /** The secret's key in the stack's configuration. */
  readonly key: string;
  /** What needs the secret. */
  readonly why: string;
}

/**
 * Adds placeholders for unset secrets. A plan shows no secret values, so a fresh checkout can be planned before any
 * account exists.
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
    // The program itself rejects these settings and explains why.
    if (error instanceof SettingsError || error instanceof SyntaxError) return [];
    throw error;
  }
}
