import { answers } from "./answers";
import { buckets } from "./buckets";
import { certificate } from "./certificate";
import { drives } from "./drives";
import { healing } from "./healing";
import { room } from "./room";
import { writes } from "./writes";

export const objects = [answers, writes, drives, healing, room, buckets, certificate];
