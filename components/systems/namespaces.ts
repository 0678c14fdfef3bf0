import type { Settings } from "../settings";
import { airflowNamespace } from "./airflow";
import { dataSurfaceNamespace } from "./datasurface";
import { deployedNamespace, gardenosNamespace } from "./gardenos";
import { operationsNamespace } from "./operations";
import { rainNamespace } from "./rain";

/** The namespaces of the systems, for the cluster layer to create. They exist whether a system is declared or not. */
export const SYSTEM_NAMESPACES = {
  airflow: airflowNamespace,
  datasurface: dataSurfaceNamespace,
  rain: rainNamespace,
  gardenos: gardenosNamespace,
  operations: operationsNamespace,
};

export type SystemNamespace = keyof typeof SYSTEM_NAMESPACES;

/** The same for a stack. */
export const systemNamespaces = ({ gardenos }: Pick<Settings, "gardenos">): typeof SYSTEM_NAMESPACES =>
  gardenos ? { ...SYSTEM_NAMESPACES, gardenos: deployedNamespace } : SYSTEM_NAMESPACES;
