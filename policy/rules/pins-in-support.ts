import { judgeSupport } from "../../components/shared/support-window";
import { findings, type Rule } from "./rule";

export const pinsInSupport: Rule = {
  name: "pins-in-support",
  reason: "A program out of support gets no fixes of vulnerabilities.",
  remedy: "Raise the pin in components/shared/versions.ts, or accept it in acceptOutOfSupport.",
  scope: "stack",
  check: ({ pins, day, settings }) =>
    Object.entries(pins).flatMap(([name, pin]) =>
      findings(`pin: ${name}`, judgeSupport({ [name]: pin }, day, settings.acceptOutOfSupport).ended),
    ),
};
