/** The numbers of a CSV file, and what they mean. */

/** A table whose last column is to be predicted. */
export interface Table {
  /** The numbers before the last column, row by row. */
  readonly features: Float32Array;
  /** How many there are in a row. */
  readonly width: number;
  /** The last column: numbers, or which of `classes`. */
  readonly targets: Float32Array;
  /** The classes, where the last column names some; else undefined. */
  readonly classes?: readonly string[];
  readonly rows: number;
}

const ACTION = "read the data";
/** Fewer are no training. */
const LEAST_ROWS = 20;
/** As many whole numbers may be classes; more are amounts. */
const MOST_CLASSES = 20;

function fail(what: string, found: string): never {
  throw new TypeError(
    `Cannot ${ACTION} as ${what}: current value is ${found}`,
  );
}

/** The cells of a line; a quoted one may hold the separator. */
function cellsOf(line: string, separator: string): string[] {
  const cells: string[] = [];
  let cell = "";
  let quoted = false;
  for (let i = 0; i < line.length; i++) {
    const character = line[i];
    if (character === '"') {
      if (quoted && line[i + 1] === '"') cell += line[++i];
      else quoted = !quoted;
    } else if (character === separator && !quoted) {
      cells.push(cell.trim());
      cell = "";
    } else cell += character;
  }
  cells.push(cell.trim());
  return cells;
}

/** Whether 32 bits hold the number of a cell, as the network computes in them. */
function isNumber(cell: string): boolean {
  return cell !== "" && Number.isFinite(Math.fround(Number(cell)));
}

/** What may be wrong with a cell that looks like a number. */
function remedy(cell: string): string {
  if (/^-?\d+,\d+$/.test(cell)) return "; write decimals with a point";
  return Number.isFinite(Number(cell)) && cell !== ""
    ? "; at most 3.4e38 can be computed with"
    : "";
}

/** A tab or a semicolon where there is one, as commas are decimals then. */
function separatorOf(line: string): string {
  return ["\t", ";"].find((one) => cellsOf(line, one).length > 1) ?? ",";
}

function quote(cell: string): string {
  const shown = cell.length > 40 ? `${cell.slice(0, 40)}…` : cell;
  return JSON.stringify(shown);
}

/**
 * Reads a table of numbers with one row a line, separated by commas, semicolons
 * or tabs. A first line without a number before its last cell is a header. The
 * last column is the target: classes where it holds names or a few whole numbers,
 * else an amount.
 *
 * @throws {TypeError} With the line and the column of the first fault.
 */
export function readCsv(text: string): Table {
  // Pictures, archives and tables in UTF-16 hold zeros, and text none.
  if (text.includes("\0")) {
    fail("the file must be text in UTF-8", "another kind of file");
  }
  const lines = text.replace(/^\ufeff/, "").split(/\r\n|\n|\r/)
    .map((content, i) => ({ content, number: i + 1 }))
    .filter(({ content }) => content.trim() !== "");
  if (lines.length === 0) fail("the file must have rows", "an empty file");
  const separator = separatorOf(lines[0].content);
  const rows = lines.map(({ content, number }) => ({
    cells: cellsOf(content, separator),
    number,
  }));
  const columns = rows[0].cells.length;
  if (columns < 2) {
    fail(
      `line ${
        rows[0].number
      } must have two columns or more, separated by commas, semicolons or tabs`,
      quote(lines[0].content),
    );
  }
  if (!rows[0].cells.slice(0, -1).some(isNumber)) rows.shift();
  if (rows.length < LEAST_ROWS) {
    fail(`the file must have ${LEAST_ROWS} rows or more`, `${rows.length}`);
  }
  const width = columns - 1;
  const features = new Float32Array(rows.length * width);
  rows.forEach(({ cells, number }, row) => {
    if (cells.length !== columns) {
      fail(`line ${number} must have ${columns} columns`, `${cells.length}`);
    }
    for (let column = 0; column < width; column++) {
      if (!isNumber(cells[column])) {
        fail(
          `line ${number}, column ${column + 1} must be a number`,
          quote(cells[column]) + remedy(cells[column]),
        );
      }
      features[row * width + column] = Number(cells[column]);
    }
    if (remedy(cells[width]) !== "" && !isNumber(cells[width])) {
      fail(
        `line ${number}, column ${columns} must be a target`,
        quote(cells[width]) + remedy(cells[width]),
      );
    }
    if (cells[width] === "") {
      fail(`line ${number}, column ${columns} must be a target`, "nothing");
    }
  });
  const last = rows.map(({ cells }) => cells[width]);
  const classes = classesOf(last);
  if (classes?.length === 1) {
    fail("the last column must have two different values", quote(classes[0]));
  }
  if (classes && classes.length > rows.length / 4) {
    fail(
      "the last column must have numbers, or names that come four times on average",
      `${classes.length} names in ${rows.length} rows`,
    );
  }
  const index = new Map(classes?.map((name, i) => [name, i]));
  return {
    features,
    width,
    targets: Float32Array.from(last, (cell) => index.get(cell) ?? Number(cell)),
    classes,
    rows: rows.length,
  };
}

/** The classes that a column of targets names; undefined where it has amounts. */
function classesOf(cells: readonly string[]): string[] | undefined {
  const different = [...new Set(cells)];
  if (different.length === 1) return different;
  if (!different.every(isNumber)) return different.sort();
  const numbers = different.map(Number);
  return numbers.every(Number.isInteger) && numbers.length <= MOST_CLASSES
    ? different.sort((a, b) => Number(a) - Number(b))
    : undefined;
}
