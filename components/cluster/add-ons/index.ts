export { AddOns, type AddOnsArgs } from "./installed-add-ons";
