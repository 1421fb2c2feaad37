/** JSON's values as Python source. */

/**
 * The literal of a value that `parseJson` read. Numbers keep their spelling: `1` and `1.0` differ in
 * Python, and whole numbers may be longer than a double can hold.
 */
export function toLiteral(value: unknown): string {
  if (value === null || value === undefined) return 'None';
  if (value === true) return 'True';
  if (value === false) return 'False';
  if (value instanceof JsonNumber) return value.literal;
  if (typeof value === 'number') return numberLiteral(value);
  if (typeof value === 'string') return stringLiteral(value);
  if (Array.isArray(value)) return `[${value.map(toLiteral).join(', ')}]`;
  const entries = value instanceof Map ? [...value] : Object.entries(value as object);
  const items = entries.map(([key, item]) => `${stringLiteral(key)}: ${toLiteral(item)}`);
  return `{${items.join(', ')}}`;
}

/** A number as it was spelled. */
export class JsonNumber {
  constructor(readonly literal: string) {}
  valueOf(): number {
    return Number(this.literal);
  }
}

function numberLiteral(value: number): string {
  if (Number.isNaN(value)) return "float('nan')";
  if (!Number.isFinite(value)) return value < 0 ? "float('-inf')" : "float('inf')";
  return Number.isInteger(value) && Math.abs(value) < 1e21 ? BigInt(value).toString() : String(value);
}

export function stringLiteral(text: string): string {
  let result = "'";
  for (const unit of text) {
    const code = unit.codePointAt(0)!;
    if (unit === "'" || unit === '\\') result += `\\${unit}`;
    else if (unit === '\n') result += '\\n';
    else if (unit === '\r') result += '\\r';
    else if (unit === '\t') result += '\\t';
    else if (code < 0x20 || code === 0x7f) result += `\\x${code.toString(16).padStart(2, '0')}`;
    else if ((code >= 0xd800 && code < 0xe000) || code === 0x2028 || code === 0x2029 || code === 0x85)
      result += `\\u${code.toString(16).padStart(4, '0')}`;
    else result += unit;
  }
  return `${result}'`;
}

/**
 * `JSON.parse` that keeps the spelling of numbers (`JsonNumber`) and the order of keys (`Map`), and reads
 * `NaN` and `Infinity`, which Python's json writes. Throws `SyntaxError`.
 */
export function parseJson(text: string): unknown {
  return new JsonReader(text).read();
}

class JsonReader {
  #at = 0;
  constructor(readonly text: string) {}

  read(): unknown {
    const value = this.#value();
    this.#skip();
    if (this.#at < this.text.length) this.#fail();
    return value;
  }

  #fail(): never {
    throw new SyntaxError(`not JSON at character ${this.#at}`);
  }

  #skip(): void {
    while (/\s/.test(this.text[this.#at] ?? '')) this.#at++;
  }

  #value(): unknown {
    this.#skip();
    const char = this.text[this.#at];
    if (char === '"') return this.#string();
    if (char === '[') {
      const list: unknown[] = [];
      this.#members(']', () => list.push(this.#value()));
      return list;
    }
    if (char === '{') {
      const fields = new Map<string, unknown>();
      this.#members('}', () => {
        this.#skip();
        if (this.text[this.#at] !== '"') this.#fail();
        const key = this.#string();
        this.#skip();
        if (this.text[this.#at++] !== ':') this.#fail();
        fields.set(key, this.#value());
      });
      return fields;
    }
    const word = /(?:true|false|null|NaN|-?Infinity|-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?)/y;
    word.lastIndex = this.#at;
    const found = word.exec(this.text)?.[0];
    if (!found) this.#fail();
    this.#at += found.length;
    switch (found) {
      case 'true':
        return true;
      case 'false':
        return false;
      case 'null':
        return null;
      case 'NaN':
        return Number.NaN;
      case 'Infinity':
        return Number.POSITIVE_INFINITY;
      case '-Infinity':
        return Number.NEGATIVE_INFINITY;
      default:
        return new JsonNumber(found);
    }
  }

  #members(close: string, read: () => void): void {
    this.#at++;
    this.#skip();
    if (this.text[this.#at] === close) {
      this.#at++;
      return;
    }
    for (;;) {
      read();
      this.#skip();
      const char = this.text[this.#at++];
      if (char === close) return;
      if (char !== ',') this.#fail();
    }
  }

  #string(): string {
    const start = this.#at;
    const body = /"(?:[^"\\]+|\\.)*"/sy;
    body.lastIndex = start;
    const found = body.exec(this.text)?.[0];
    if (!found) this.#fail();
    this.#at += found.length;
    return JSON.parse(found) as string;
  }
}
