import { nameIn, type PlannedStep, typeIn } from "../plan";
import { isLastingKey } from "./lasting-keys";
import { findings, type Rule } from "./rule";

export const noUnnamedLoss: Rule = {
  name: "no-unnamed-loss",
  reason: "A preview has hundreds of lines; a deleted volume is one of them.",
  remedy:
    "If the loss is intended, add the resource's name to acceptLoss in the settings, and remove it afterwards.",
  scope: "stack",
  check: ({ steps, settings }) =>
    settings.environment !== "prod"
      ? []
      : [...new Map(steps.filter(isLoss).map((step) => [step.urn, step])).values()]
          .filter(({ urn }) => !settings.acceptLoss.includes(nameIn(urn)))
          .flatMap(({ op, urn }) =>
            findings(nameIn(urn), [`the preview would ${verb(op)} this ${thingAt(urn)}`]),
          ),
};

const KEPT: Readonly<Record<string, string>> = {
  "hcloud:index/server:Server": "server",
  "hcloud:index/volume:Volume": "volume",
  "hcloud:index/network:Network": "network",
  "hcloud:index/networkSubnet:NetworkSubnet": "subnet",
  "hcloud:index/primaryIp:PrimaryIp": "server's address",
  "hcloud:index/floatingIp:FloatingIp": "floating IP",
  "kubernetes:core/v1:Namespace": "namespace",
  "kubernetes:core/v1:PersistentVolumeClaim": "volume",
  "kubernetes:apps/v1:StatefulSet": "database",
};

const thingAt = (urn: string) =>
  KEPT[typeIn(urn)] ?? (isLastingKey(typeIn(urn), nameIn(urn)) ? "key" : undefined);

const REPLACING = /^(replace|create-replacement|delete-replaced|delete-before-replace)$/;

function isLoss({ op, urn }: PlannedStep): boolean {
  return thingAt(urn) !== undefined && (op === "delete" || op === "discard" || REPLACING.test(op));
}

const verb = (op: string) => (REPLACING.test(op) ? "replace" : "delete");
