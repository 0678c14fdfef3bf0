import { api } from "./api";
import { certificate } from "./certificate";
import { nodesReady } from "./nodes-ready";
import { quotas } from "./quotas";
import { schedulable } from "./schedulable";
import { system } from "./system";
import { versions } from "./versions";

export const kubernetes = [api, nodesReady, schedulable, versions, system, certificate, quotas];
