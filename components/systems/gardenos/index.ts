export { GardenOS, type GardenOSArgs } from "./gardenos";
export { CRM_HEALTH, CRM_SERVICES, deployedNamespace, gardenosNamespace } from "./namespace";
