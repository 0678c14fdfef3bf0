import { parseSettings, type Settings } from "../../components/settings";
import { readProject, readStack } from "./stack-file";

interface SettingsArgs {
  /** The folder with Pulumi.yaml. */
  readonly cwd: string;
  readonly stack: string;
  /** A settings file to use. @default Pulumi.<stack>.yaml */
  readonly configFile?: string | undefined;
}

/** The settings of a stack, checked. Undefined: its file has none. */
export function settingsOf({ cwd, stack, configFile }: SettingsArgs): Settings | undefined {
  const text = readStack(cwd, readProject(cwd).name, stack, configFile).config["trellis:settings"];
  return text === undefined ? undefined : parseSettings(JSON.parse(text));
}
