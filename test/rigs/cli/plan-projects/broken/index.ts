import * as k8s from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import { recordArtefact } from "../../../../../components/shared/artefacts";
import { UserError } from "../../../../../components/shared/user-error";

const namespace = (name: string) => new k8s.core.v1.Namespace(name, { metadata: { name } });

export default async function broken() {
  recordArtefact(undefined, "begun", "this much was rendered");
  const first = namespace("first");
  switch (new pulumi.Config().require("failure")) {
    case "settings":
      throw new UserError("servers[0].location: given mars; allowed: fsn1, nbg1");
    case "late":
      return {
        broken: first.id.apply((): string => {
          throw new UserError("found out late");
        }),
      };
    case "crash":
      throw new TypeError("a mistake of ours");
    case "logged":
      await pulumi.log.error("etcd 3.3 is out of support", first);
      return {};
    case "duplicate":
      namespace("first");
      return {};
    default:
      return { fine: true };
  }
}
