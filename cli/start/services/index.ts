export { type ServerIdentity, serverIdentity } from "./authority";
export { freePort } from "./free-port";
export { Guardian } from "./guardian";
export {
  type Access,
  DiskStorage,
  type Handler,
  MemoryStorage,
  type ObjectStoreServer,
  objectStore,
  refused,
  serveObjects,
} from "./object-store";
export { startPatroniStandIn } from "./patroni";
export { type LocalPostgres, openPostgres } from "./postgres";
export { postgresElsewhere } from "./postgres-home";
export { embeddedBinaries, unprivilegedUser } from "./postgres-programs";
