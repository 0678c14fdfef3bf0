/** The half of the PDF reader that parses; it has no types of its own and is only handed to the other half. */
declare module "pdfjs-dist/legacy/build/pdf.worker.mjs";
