import { z } from "zod";
import type { FoundSecret } from "./find-secrets";

/** The parts of an exported state that tell a secret's age. Values stay encrypted and are not read. */
const state = z.object({
  deployment: z.object({
    resources: z
      .array(
        z.object({
          urn: z.string(),
          created: z.string().optional(),
          outputs: z.looseObject({}).optional(),
        }),
      )
      .default([]),
  }),
});

/** When a secret was made, and when it has to be another one. */
export interface Age {
  /** When the oldest was made. @default not known */
  readonly made?: Date;
  /** From when on it should be another one. @default not known, or nothing rotates it regularly */
  readonly due?: Date;
}

const CERTIFICATE = /LocallySignedCert::/;
const DAY_MS = 86_400_000;

/** A password or key that a setting or a command rotates is due after this time. */
const ROTATE_AFTER_DAYS = 365;

/** The ages of a stack's secrets, from its exported state. */
export function agesIn(exported: string): (secret: FoundSecret) => Age {
  const { resources } = state.parse(JSON.parse(exported)).deployment;
  const byUrn = new Map(resources.map((resource) => [resource.urn, resource]));
  // A certificate is named like its key, and is renewed by itself without a new key.
  const certificates = new Map(
    resources.filter(({ urn }) => CERTIFICATE.test(urn)).map((each) => [nameOf(each.urn), each]),
  );
  return ({ kind, resources: own }) => {
    const made = oldest(own.map(({ urn }) => timeOf(byUrn.get(urn)?.created)));
    const renewals = own.flatMap(({ name }) => {
      const { validityEndTime, earlyRenewalHours } = Object(certificates.get(name)?.outputs);
      const end = timeOf(validityEndTime);
      return end === undefined ? [] : [end - Number(earlyRenewalHours ?? 0) * 3_600_000];
    });
    const regular = kind.rotation.by !== "runbook" && made !== undefined && made + ROTATE_AFTER_DAYS * DAY_MS;
    const due = renewals.length > 0 ? oldest(renewals) : regular || undefined;
    return {
      ...(made !== undefined && { made: new Date(made) }),
      ...(due !== undefined && { due: new Date(due) }),
    };
  };
}

const nameOf = (urn: string) => urn.split("::").at(-1) ?? "";

function timeOf(text: unknown): number | undefined {
  const time = typeof text === "string" ? Date.parse(text) : Number.NaN;
  return Number.isNaN(time) ? undefined : time;
}

const oldest = (times: readonly (number | undefined)[]): number | undefined =>
  times.reduce((least, time) => (time === undefined ? least : Math.min(time, least ?? time)), undefined);
