import { neededSecrets } from "../../components/settings";
import { meantWord } from "../../components/shared/nearest-word";
import { type EvaluatedStack, evaluateStack, refuseWrongSettings, settingsOf } from "../plan";
import { chooseStack } from "../shared/stack-choice";
import { UsageError } from "../shared/usage-error";
import { type FoundSecret, findSecrets } from "./find-secrets";

export interface StackArgs {
  readonly cwd?: string | undefined;
  readonly stack?: string | undefined;
}

/** A stack, what its program declares, and the secrets in it. */
export interface StackSecrets {
  readonly cwd: string;
  readonly stack: string;
  readonly evaluated: EvaluatedStack;
  readonly secrets: readonly FoundSecret[];
}

/** Finds the secrets of a stack in what its program declares, without the network. */
export async function secretsOf({ cwd = process.cwd(), stack: flag }: StackArgs): Promise<StackSecrets> {
  const stack = chooseStack({ cwd, flag });
  refuseWrongSettings({ cwd, stack });
  const evaluated = await evaluateStack({ cwd, stack });
  const settings = settingsOf({ cwd, stack });
  const needed = settings === undefined ? [] : neededSecrets(settings);
  const whyOf = new Map(needed.map(({ name, why }) => [`trellis:${name}`, why]));
  return { cwd, stack, evaluated, secrets: findSecrets({ ...evaluated, whyOf }) };
}

/** The secret of a name that somebody typed. */
export function secretNamed(name: string, secrets: readonly FoundSecret[]): FoundSecret {
  const found = secrets.find(({ kind }) => kind.name === name);
  if (found) return found;
  const names = secrets.map(({ kind }) => kind.name);
  const near = meantWord(name, names);
  throw new UsageError(
    `there is no secret ${name} in this stack${near ? `; did you mean ${near}?` : ""}; npx trellis secrets list shows them`,
  );
}
