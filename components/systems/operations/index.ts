export { operationsAlerts } from "./monitoring";
export { namespaceWithPage, operationsNamespace } from "./namespace";
export { Operations, type OperationsArgs } from "./operations";
export { platformOf } from "./platform";
export { RECORDINGS } from "./recordings";
