import { check, judgeEnds } from "../check";

export const imageAge = check({
  id: "workloads.image-age",
  title: "every pinned version is supported",
  severity: "warning",
  means: "Nobody repairs the faults of a version after its support has ended.",
  next: "npm run doctor",
  runbook: "docs/runbooks/health.md#a-version-is-out-of-support",
  run: ({ now }, { pins }) =>
    judgeEnds(
      pins.map(({ name, supportedUntil }) => [name, Date.parse(`${supportedUntil}T23:59:59Z`)] as const),
      now(),
    ),
});
