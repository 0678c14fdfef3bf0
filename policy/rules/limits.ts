import { fields } from "../plan";
import { findings, type Rule } from "./rule";

/** No limit of the processor: a limit slows a pod down even on an idle server, and requests already share it fairly. */
export const limits: Rule = {
  name: "limits",
  reason:
    "A container without a memory limit can take the memory of databases on its server; without requests the scheduler overfills servers.",
  remedy: "Give the container requests for cpu and memory, and a memory limit.",
  scope: "resource",
  check: ({ workloads }) =>
    workloads.flatMap(({ object, containers }) =>
      findings(
        object.subject,
        containers.flatMap(({ name, fields: { resources } }) => {
          const { requests, limits } = fields(resources);
          return [
            fields(requests).cpu === undefined && `container ${name} requests no cpu`,
            fields(requests).memory === undefined && `container ${name} requests no memory`,
            fields(limits).memory === undefined && `container ${name} has no memory limit`,
          ];
        }),
      ),
    ),
};
