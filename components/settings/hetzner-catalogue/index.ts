export {
  LOCATIONS,
  type Location,
  locationNames,
  type NetworkZone,
  roundTripMs,
  worstRoundTripMs,
  zoneOf,
  zonesOf,
} from "./locations";
export { billedNames, monthlyPrice, PRICES_READ_ON, VOLUME_GIB } from "./prices";
export { SERVER_TYPES, type ServerTypeName, serverTypeNames } from "./server-types";
