import { anonymous } from "./anonymous";
import { certificates } from "./certificates";
import { podProfile } from "./pod-profile";
import { policies } from "./policies";
import { policiesEnforced } from "./policies-enforced";

export const security = [policies, policiesEnforced, podProfile, anonymous, certificates];
