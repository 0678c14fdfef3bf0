import { damaged } from "./damaged";
import { drill } from "./drill";
import { lastCreate } from "./last-run";
import { mirror } from "./mirror";
import { newest } from "./newest";
import { offSite } from "./off-site";
import { schedules } from "./schedules";
import { successRate } from "./success-rate";

export const backups = [newest, lastCreate, successRate, damaged, drill, offSite, schedules, mirror];
