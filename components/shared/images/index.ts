export { BuiltImage, type BuiltImageArgs } from "./built-image";
