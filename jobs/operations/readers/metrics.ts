/** One sample of Prometheus' text format, or of a query. */
export interface Sample {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

const LINE = /^([a-zA-Z_:][\w:]*)(?:\{(.*)\})?\s+(\S+)/;
const LABEL = /([a-zA-Z_]\w*)="((?:[^"\\]|\\.)*)"/g;

/** The samples of an exporter's answer. */
export class Metrics {
  readonly #samples: readonly Sample[];

  constructor(text: string) {
    this.#samples = text.split("\n").flatMap((line) => {
      const [, name, labels = "", value] = LINE.exec(line) ?? [];
      if (!name || value === undefined) return [];
      const pairs = [...labels.matchAll(LABEL)].map(([, key = "", text = ""]) => [key, unescaped(text)]);
      return [{ name, labels: Object.fromEntries(pairs), value: Number(value) }];
    });
  }

  all(name: string): readonly Sample[] {
    return this.#samples.filter((sample) => sample.name === name);
  }

  /** The value of the only or first sample with these labels; undefined where there is none. */
  value(name: string, labels: Readonly<Record<string, string>> = {}): number | undefined {
    return this.all(name).find((sample) =>
      Object.entries(labels).every(([key, wanted]) => sample.labels[key] === wanted),
    )?.value;
  }
}

const unescaped = (text: string) =>
  text.replace(/\\(.)/g, (_, letter: string) => (letter === "n" ? "\n" : letter));
