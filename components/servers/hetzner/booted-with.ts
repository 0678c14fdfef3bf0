import { createHash } from "node:crypto";
import type { AccountSurvey } from "./account";
import { BOOTED_WITH_LABEL } from "./labels";

/** What a server takes up at its first boot and never again. */
export interface FirstBoot {
  readonly image: string;
  readonly sshKeys: readonly string[];
  readonly userData: string;
}

/** Enough to tell two first boots apart, and too little to tell anything about the secrets inside. */
const DIGITS = 12;

/** The mark that a server keeps, as a label, of what it booted with. */
export function bootMark({ image, sshKeys, userData }: FirstBoot): string {
  const whole = JSON.stringify([image, [...sshKeys].sort(), userData]);
  return createHash("sha256").update(whole).digest("hex").slice(0, DIGITS);
}

/** The servers whose cloud-init changed since they were created, among those that stay as they are. */
export function outdatedServers(marks: Readonly<Record<string, string>>, survey: AccountSurvey): string[] {
  return Object.entries(marks)
    .filter(([name, mark]) => {
      const booted = survey.servers.get(name)?.labels[BOOTED_WITH_LABEL];
      return booted !== undefined && booted !== mark;
    })
    .map(([name]) => name);
}
