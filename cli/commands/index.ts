import type { Command } from "../shared/command";
import { alerts } from "./alerts";
import { apply } from "./apply";
import { backupConfiguration } from "./backup-configuration";
import { clean } from "./clean";
import { completion } from "./completion";
import { cost } from "./cost";
import { diagnose } from "./diagnose";
import { docs } from "./docs";
import { doctor } from "./doctor";
import { env } from "./env";
import { health } from "./health";
import { init } from "./init";
import { open } from "./open";
import { pins } from "./pins";
import { plan } from "./plan";
import { policy } from "./policy";
import { psql } from "./psql";
import { rain } from "./rain";
import { rotate } from "./rotate";
import { secrets } from "./secrets";
import { start } from "./start";
import { status } from "./status";
import { upgrade } from "./upgrade";
import { verify } from "./verify";
import { volumes } from "./volumes";

/** The commands of `trellis`, in the order of its list. A description loads the code of its command only in `run`. */
export const COMMANDS: readonly Command[] = [
  ...[start, open, psql, clean, doctor],
  ...[init, plan, cost, policy],
  ...[
    status,
    health,
    upgrade,
    apply,
    diagnose,
    env,
    secrets,
    rotate,
    verify,
    alerts,
    volumes,
    rain,
    backupConfiguration,
  ],
  ...[docs, pins, completion],
];
