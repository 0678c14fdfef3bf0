export { settingsPage, stackFileSchema } from "./settings-page";
