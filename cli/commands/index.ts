import type { Command } from "../shared/command";
import { alerts } from "./alerts";
import { backupConfiguration } from "./backup-configuration";
import { clean } from "./clean";
import { completion } from "./completion";
import { docs } from "./docs";
import { doctor } from "./doctor";
import { health } from "./health";
import { pins } from "./pins";
import { plan } from "./plan";
import { policy } from "./policy";
import { rain } from "./rain";
import { start } from "./start";
import { status } from "./status";
import { verify } from "./verify";
import { volumes } from "./volumes";

/** The commands of `trellis`, in the order of its list. A description loads the code of its command only in `run`. */
export const COMMANDS: readonly Command[] = [
  ...[start, clean, doctor],
  ...[plan, policy],
  ...[status, health, verify, alerts, volumes, rain, backupConfiguration],
  ...[docs, pins, completion],
];
