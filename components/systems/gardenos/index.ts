export { GardenOS, type GardenOSArgs } from "./gardenos";
export { deployedNamespace, gardenosNamespace } from "./namespace";
