export { postgresImage, recoveryImage } from "./images";
