import { archiveWindow } from "./archive-window";
import { archiving } from "./archiving";
import { certificate } from "./certificate";
import { connections } from "./connections";
import { databases } from "./databases";
import { discovery } from "./discovery";
import { lag } from "./lag";
import { leader } from "./leader";
import { maintenance } from "./maintenance";
import { members } from "./members";
import { patroni } from "./patroni";
import { pendingRestart } from "./pending-restart";
import { primary } from "./primary";
import { replica } from "./replica";
import { slots } from "./slots";
import { synchronous } from "./synchronous";
import { timeline } from "./timeline";
import { wraparound } from "./wraparound";

export const postgres = [
  patroni,
  leader,
  members,
  timeline,
  synchronous,
  lag,
  pendingRestart,
  maintenance,
  primary,
  replica,
  discovery,
  connections,
  wraparound,
  databases,
  slots,
  archiving,
  archiveWindow,
  certificate,
];
