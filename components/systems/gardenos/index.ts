export { GardenOS, type GardenOSArgs } from "./gardenos";
export { gardenosAlerts } from "./monitoring";
export { CRM_HEALTH, CRM_SERVICES, deployedNamespace, gardenosNamespace } from "./namespace";
