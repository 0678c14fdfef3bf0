export { type OffsiteKey, offsiteKey } from "./offsite-key";
export { offsitePolicy } from "./offsite-policy";
