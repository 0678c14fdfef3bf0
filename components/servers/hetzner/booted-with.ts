import { digest } from "../../shared/digest";
import type { AccountSurvey } from "./account";
import { BOOTED_WITH_LABEL } from "./labels";

/** The inputs that a server reads only at its first boot. */
export interface FirstBoot {
  readonly image: string;
  readonly sshKeys: readonly string[];
  readonly userData: string;
}

/** A first boot with the digest of it that the server has as a label. */
export interface MarkedFirstBoot extends FirstBoot {
  readonly mark: string;
}

/** Enough digits to distinguish two first boots, and too few to reveal anything about the secrets in them. */
const DIGITS = 12;

/** A short digest of a server's first boot. The server has it as a label, so that a later run can compare. */
export function bootMark({ image, sshKeys, userData }: FirstBoot): string {
  const whole = JSON.stringify([image, [...sshKeys].sort(), userData]);
  return digest(whole, DIGITS);
}

/** The names of the running servers whose cloud-init changed since they were created. */
export function outdatedServers(marks: Readonly<Record<string, string>>, survey: AccountSurvey): string[] {
  return Object.entries(marks)
    .filter(([name, mark]) => {
      const booted = survey.servers.get(name)?.labels[BOOTED_WITH_LABEL];
      return booted !== undefined && booted !== mark;
    })
    .map(([name]) => name);
}
