// Everything that is shown was worked out by the library. Here a day and a moment are chosen, the rectangles that
// hold both are looked up, those whom they name are counted, and what was looked up is shown and drawn.

const data = JSON.parse(document.getElementById("data").textContent);
const byId = id => document.getElementById(id);
const CERTAIN = 0,
  POSSIBLE = 1,
  SUSPENDED = 2;
const NO_VALUE = "no value";
const BADGES = ["", "possible", "suspended"];
const FEW = 6; // members who stand in one column together
const MANY = 200; // members, beyond which a browser takes long to set them in columns

// days and moments

const EPOCH = 719163; // the ordinal of 1970-01-01
const LAST = 3652059; // of 9999-12-31
const MONTHS = [
  "January",
  "February",
  "March",
  "April",
  "May",
  "June",
  "July",
  "August",
  "September",
  "October",
  "November",
  "December",
];
const iso = ordinal => new Date((ordinal - EPOCH) * 864e5).toISOString().slice(0, 10);
const ordinalOf = text => {
  if (!/^\d{4}-\d\d-\d\d$/.test(text)) return null;
  const time = Date.parse(`${text}T00:00:00Z`);
  const ordinal = time / 864e5 + EPOCH;
  return Number.isInteger(ordinal) && ordinal >= 1 && ordinal <= LAST && iso(ordinal) === text ? ordinal : null;
};
const inWords = (text, letters = 9) => {
  const [year, month, day] = text.slice(0, 10).split("-").map(Number);
  return `${day} ${MONTHS[month - 1].slice(0, letters)} ${year}`;
};

// amounts

const NUMBER = /^([-+]?)(\d*)(\.\d*)?(e[-+]?\d+)?(…?)$/i;
const grouped = digits => (digits.length < 5 ? digits : digits.replace(/\B(?=(?:\d{3})+$)/g, ","));
const PLACES = 40; // to which an exponent is written out
const numberInWords = text => {
  const [all, sign, whole, part = "", exponent = "e0", endless] = NUMBER.exec(text) || [text];
  const by = Number(exponent.slice(1));
  if (sign === undefined || Math.abs(by) > PLACES) return all;
  const after = part.slice(1).padEnd(by, "0"),
    digits = whole.padStart(1 - by, "0") + after;
  const point = digits.length - after.length + by;
  const rest = digits.slice(point);
  return `${sign.replace("+", "")}${grouped(digits.slice(0, point).replace(/^0+(?=\d)/, ""))}${rest && "."}${rest}${endless}`;
};
const numbered = count => numberInWords(String(count));
const amountOf = text => {
  // the ends of an amount, as they were written, "" where it is open, and its unit
  const [, sign, number, percent = "", unit = percent] = /^([<>]?)=? ?(\S+?)(%?)(?: (.*))?$/.exec(text);
  if (sign) return {low: sign === ">" ? number : "", high: sign === "<" ? number : "", unit};
  const [low, high = low] = number.split("..");
  return {low, high, unit};
};
const parted = text => {
  // an amount as it is read, and its unit
  const {low, high, unit} = amountOf(text);
  if (!low && !high) return ["anything", ""];
  const [least, most] = [low, high].map(numberInWords);
  if (!low || !high) return [low ? `≥ ${least}` : `≤ ${most}`, unit];
  return [low === high ? least : `${least} to ${most}`, unit];
};
const readable = text => parted(text).filter(Boolean).join(" ");
const withMissing = ([amount, envelope]) =>
  // what missing values make of an amount, where any exists
  amount && envelope ? `with what is missing it is ${readable(envelope)}` : "";
const sums = steps => {
  let sum = 0;
  return Int32Array.from(steps, step => (sum += step));
};
const placeOf = (rising, number) => {
  // of the last one that is not larger, or -1
  let low = 0,
    high = rising.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (rising[middle] <= number) low = middle + 1;
    else high = middle;
  }
  return low - 1;
};

const days = sums(data.days);
const positions = sums(data.moments.positions);
const instants = data.moments.instants;
const stops = [...new Set([...days.slice(1), data.today])].sort((a, b) => a - b); // of the slider
const sameSecond = new Set(instants.map(text => text.slice(0, 19))).size < instants.length;

const {batches, began} = data.moments; // how many moments there were, and which was the first of them
const reached = (moment, isReached) => ({moment, isHeld: isReached || batches === instants.length});
const CLOCK = "(?:[01]\\d|2[0-3]):[0-5]\\d";
const INSTANT = new RegExp(`^(\\d{4}-\\d\\d-\\d\\d)[Tt ](${CLOCK}:[0-5]\\d)(?:\\.(\\d{1,6}))?([Zz]|[-+]${CLOCK})$`);
const momentOf = text => {
  // the last moment by then, 0 before the first, and whether nothing was recorded in between; null for what is none
  if (/^\d+$/.test(text)) {
    const moment = placeOf(positions, Number(text)) + 1;
    const isLast = moment === instants.length || positions[moment - 1] === Number(text);
    return reached(moment, isLast || Number(text) < began[0]);
  }
  const [, day, clock, parts = "", zone] = INSTANT.exec(text) || [];
  if (!day || ordinalOf(day) === null) return null;
  const utc = new Date(Date.parse(`${day}T${clock}${zone.toUpperCase()}`)).toISOString();
  if (ordinalOf(utc.split("T")[0]) === null) return null; // of a year that no instant has
  const wanted = `${utc.slice(0, 19)}.${parts.padEnd(6, "0")}Z`;
  const moment = instants.filter(instant => instant <= wanted).length;
  return reached(moment, moment === instants.length || instants[moment - 1] === wanted || wanted < began[1]);
};

// rectangles

const whole = text => text.replace(/~(\d+)$/, (all, number) => ` ${data.units[number]}`);
const toldOf = cell => {
  // an amount, its envelope where values are missing, and a note
  if (typeof cell !== "string") return cell;
  const [amount, envelope] = cell.split("|").map(whole);
  return [amount, envelope === "" ? `>= ${amount}` : envelope];
};
const unpacked = table => {
  const first = sums(table.first);
  const since = sums(table.since);
  const who = new Int32Array(first.length);
  let row = 0;
  table.many.forEach((many, one) => who.fill(one, row, (row += many)));
  return {
    size: first.length,
    who,
    first,
    end: first.map((place, row) => place + table.days[row]),
    since,
    until: since.map((moment, row) => (table.moments[row] ? moment + table.moments[row] : 1e9)),
    cell: sums(table.cell),
    cells: table.cells,
  };
};
const lookUp = (table, count, place, moment) => {
  // the number of the cell of each, or -1
  const found = new Int32Array(count).fill(-1);
  const {size, who, first, end, since, until, cell} = table;
  for (let row = 0; row < size; row++) {
    if (first[row] <= place && place < end[row] && since[row] <= moment && moment < until[row])
      found[who[row]] = cell[row];
  }
  return found;
};
const along = (table, wanted, moment) => {
  // the cells of one, day by day
  const found = [];
  for (let row = 0; row < table.size; row++) {
    if (table.who[row] === wanted && table.since[row] <= moment && moment < table.until[row]) {
      found.push({first: table.first[row], end: table.end[row], cell: table.cells[table.cell[row]]});
    }
  }
  return found.sort((a, b) => a.first - b.first);
};

const cards = unpacked(data.cards);
const figures = unpacked({...data.figures, cells: data.figures.cells.map(toldOf)});
const values = new Map(Object.entries(data.values).map(([metric, table]) => [metric, unpacked(table)]));
const texts = data.texts;
const collator = new Intl.Collator("en", {numeric: true});
const rank = new Int32Array(texts.length); // of each text among all, as they are sorted
texts
  .map((text, number) => number)
  .sort((a, b) => collator.compare(texts[a], texts[b]))
  .forEach((number, place) => {
    rank[number] = place;
  });
