export { discover } from "./discover";
export { Conflict, type SliceStore } from "./publisher";
export { type EndpointSlice, endpointSlice } from "./slice";
export { readSnapshot } from "./snapshot";
