import { type Cell, checkRow, columnOf, type Row } from "./cell";
import type { XmlListener } from "./xml";

/** Collects the rows of a worksheet from XML events; `take` returns the complete ones. */
export class SheetReader implements XmlListener {
  private rows: Row[] = [];
  private cells = new Map<number, Cell>();
  private rowNumber = 0;
  private column = 0;
  private type = "";
  private formula = false;
  private value = "";
  /** Whether text belongs to the current cell: inside `v`, or inside the `t` of an inline string. */
  private listening = false;

  constructor(private readonly sharedStrings: readonly string[]) {}

  take(): Row[] {
    const taken = this.rows;
    this.rows = [];
    return taken;
  }

  open(name: string, attributes: Readonly<Record<string, string>>): void {
    if (name === "c") {
      this.column = attributes.r ? columnOf(attributes.r) : this.column + 1;
      this.type = attributes.t ?? "n";
      this.formula = false;
      this.value = "";
    } else if (name === "v" || (name === "t" && this.type === "inlineStr")) {
      this.listening = true;
    } else if (name === "f") {
      this.formula = true;
    } else if (name === "row") {
      this.rowNumber = checkRow(attributes.r ? Number(attributes.r) : this.rowNumber + 1);
      this.column = 0;
      this.cells = new Map();
    }
  }

  text(text: string): void {
    if (this.listening) this.value += text;
  }

  close(name: string): void {
    if (name === "c") {
      if (this.value !== "") this.cells.set(this.column, this.cell());
    } else if (name === "v" || name === "t") {
      this.listening = false;
    } else if (name === "row" && this.cells.size > 0) {
      this.rows.push({ number: this.rowNumber, cells: this.cells });
    }
  }

  private cell(): Cell {
    const { value, formula } = this;
    switch (this.type) {
      case "s":
        // An index beyond the table means a damaged file: the cell becomes a problem with this text, and the rest of
        // the file is kept.
        return {
          kind: "text",
          text: this.sharedStrings[Number(value)] ?? `missing string ${value}`,
          formula,
        };
      case "str":
      case "inlineStr":
        return { kind: "text", text: value, formula };
      case "n": {
        const number = Number(value);
        if (Number.isFinite(number)) return { kind: "number", number, text: value, formula };
        return { kind: "other", text: value, formula };
      }
      default:
        return { kind: "other", text: value, formula };
    }
  }
}
