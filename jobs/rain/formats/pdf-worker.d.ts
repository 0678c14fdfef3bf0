/** The parsing half of the PDF reader. It has no types of its own, and is only passed to the other half. */
declare module "pdfjs-dist/legacy/build/pdf.worker.mjs";
