export { runbookIndex } from "./runbooks";
export { settingsPage, stackFileSchema } from "./settings-page";
export { architecturePage } from "./structure";
