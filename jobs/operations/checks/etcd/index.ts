import { alarms } from "./alarms";
import { certificate } from "./certificate";
import { leader } from "./leader";
import { members } from "./members";
import { quorum } from "./quorum";
import { size } from "./size";
import { snapshot } from "./snapshot";
import { versions } from "./versions";

export const etcd = [members, quorum, leader, alarms, size, versions, snapshot, certificate];
