export { commandLinePage } from "./command-line-page";
export { runbookIndex } from "./runbooks";
export { modelFileSchema, settingsPage, stackFileSchema } from "./settings-page";
export { architecturePage } from "./structure";
export { writePages } from "./write-pages";
