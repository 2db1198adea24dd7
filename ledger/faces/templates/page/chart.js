// What was published and whether it holds, and the chosen figure over time.

// claims

const SIGNS = {
  confirmed: () => drawn("circle", {r: 5, class: "full"}),
  contradicted: () => drawn("path", {d: "M-4.5,-4.5L4.5,4.5M-4.5,4.5L4.5,-4.5"}),
  unverifiable: () => drawn("path", {d: "M0,-6L6,0L0,6L-6,0Z", class: "hollow"}),
  "not comparable": () => drawn("path", {d: "M-5,0H5"}),
};
const classOf = verdict => verdict.replace(" ", "-");
const signOf = verdict =>
  drawn(
    "svg",
    {class: `sign mark ${classOf(verdict)}`, viewBox: "-8 -8 16 16", "aria-hidden": "true"},
    SIGNS[verdict](),
  );
const isKnown = one => one.since <= state.moment && (!one.until || state.moment < one.until);

const claimItem = (report, {claim, found}) => {
  const source = claim.source ? ` (${claim.source})` : "";
  const day = claim.at === report.day ? "" : `, for ${iso(claim.at)}`;
  const before = found.before ? `; ${found.before} when published` : "";
  const why = found.why.map((piece, place) => (place % 2 ? readable(piece) : piece)).join("");
  const item = made(
    "li",
    {},
    signOf(found.verdict),
    made("span", {class: "claim"}, `${claim.what}: `, made("strong", {}, readable(claim.amount)), `${day}${source}`),
    made("span", {class: `verdict ${classOf(found.verdict)}`}, `${found.verdict}${before}`),
  );
  if (why) item.append(made("span", {class: "why"}, why));
  return item;
};
const reportBox = (report, claims) => {
  const title = made("bdi", {}, report.title);
  const link = () => made("a", {href: report.url, rel: "noopener noreferrer"}, title);
  const box = made("div", {class: "report"}, made("h3", {}, report.url ? link() : title));
  if (report.when) box.append(made("p", {class: "when"}, `${report.kind}, ${report.when}`));
  if (claims.length) box.append(made("ul", {}, ...claims.map(one => claimItem(report, one))));
  return box;
};
const claimsOf = report =>
  report.claims.map(claim => ({claim, report, found: claim.found.find(isKnown)})).filter(({found}) => found);
const showReports = () => {
  const known = data.reports
    .filter(isKnown)
    .map(report => [report, claimsOf(report)])
    .filter(([report, claims]) => report.when || claims.length)
    .sort(([a], [b]) => a.day - b.day);
  byId("published").hidden = !data.reports.length;
  byId("reports").replaceChildren(...known.map(([report, claims]) => reportBox(report, claims)));
  if (!known.length) byId("reports").append(made("p", {class: "note"}, "Nothing, as far as is known."));
};

// the chart

const chart = {key: "", width: 0, dayAt: () => state.at};

const ticks = (low, high, many, whole) => {
  const rough = (high - low) / many,
    power = 10 ** Math.floor(Math.log10(rough));
  let step = [1, 2, 5, 10].map(one => one * power).find(one => one >= rough);
  if (whole) step = Math.max(1, Math.round(step));
  const found = [];
  for (let place = Math.ceil(low / step); place * step <= high * (1 + 1e-9); place++) found.push(place * step);
  return found;
};
const LARGE = [
  [1e12, " trillion"],
  [1e9, " billion"],
  [1e6, " million"],
];
const short = number => {
  // a number of an axis: of few digits, so that nothing is lost
  const size = Math.abs(number);
  const [unit, word] = LARGE.find(([unit]) => size >= unit) || [1, ""];
  return numberInWords(String(Number((number / unit).toPrecision(6)))) + word;
};
const LEFT_MIN = 32;
const widest = labels => {
  // in pixels, as they will be drawn
  const texts = labels.map(label => drawn("text", {class: "tick"}, label));
  const svg = drawn("svg", {"aria-hidden": "true"}, ...texts);
  byId("chart").append(svg);
  const width = Math.max(...texts.map(text => text.getComputedTextLength()));
  svg.remove();
  return width;
};
const timeTicks = (first, last, many) => {
  const year = ordinal => Number(iso(ordinal).slice(0, 4));
  const months = (last - first) / 30.4 / many;
  const step = [1, 2, 3, 6, 12, 24, 36, 60, 120, 240, 600, 1200, 6000, 12000].find(one => one >= months) || 24000;
  const found = [];
  for (let month = Math.ceil((year(first) * 12) / step) * step; month <= (year(last) + 1) * 12; month += step) {
    const text = `${String(Math.floor(month / 12)).padStart(4, "0")}-${String((month % 12) + 1).padStart(2, "0")}-01`;
    const ordinal = ordinalOf(text);
    if (ordinal !== null && ordinal >= first && ordinal <= last)
      found.push([ordinal, step < 12 ? text.slice(0, 7) : text.slice(0, 4)]);
  }
  return found;
};

const placed = new Map(); // where each cell that was met is drawn: reading numbers takes long
const placedAs = cell => {
  if (!placed.has(cell)) {
    const [amount, envelope] = cell;
    const ends = amount ? endsOf(amount) : [null, null];
    const isBounded = ends.some(end => end !== null);
    const places = isBounded ? [...ends, ...endsOf(envelope || amount)] : [];
    placed.set(cell, {cell, amount, places, exact: isBounded && !envelope && ends[0] === ends[1]});
  }
  return placed.get(cell);
};
const stepsOf = () =>
  along(figures, state.figure, state.moment).map(({first, end, cell}) => ({
    at: days[first],
    until: end < days.length ? days[end] : LAST + 1,
    ...placedAs(cell),
  }));
const saidOf = ({cell: [amount, envelope, note]}) => (amount ? readable(amount) : envelope ? NO_VALUE : note);
const narrowed = (steps, x) => {
  // steps that begin in one pixel are drawn as one, which goes from the least to the most of them, and ends as the last
  const found = [];
  for (const step of steps) {
    const column = Math.floor(x(step.at)),
      before = found[found.length - 1];
    const alike =
      before &&
      before.column === column &&
      before.until === step.at &&
      before.exact === step.exact &&
      before.places.every((one, end) => (one === null) === (step.places[end] === null));
    if (alike) {
      const extreme = (choice, ends) => ends.map((one, end) => (one === null ? null : choice(one, step.places[end])));
      before.least = extreme(Math.min, before.least);
      before.most = extreme(Math.max, before.most);
      before.until = step.until;
      before.places = step.places;
    } else found.push({...step, column, least: step.places, most: step.places});
  }
  return found;
};
const marksOf = () =>
  data.reports
    .filter(isKnown)
    .flatMap(claimsOf)
    .filter(({claim, found}) => claim.measure === state.figure && found.amount)
    .map(mark => ({...mark, ends: endsOf(mark.found.amount)}));

const showChart = () => {
  const key = [state.figure, state.moment, chart.width, byId("steps").open].join();
  if (!chart.width) return;
  if (key !== chart.key) {
    chart.key = key;
    drawChart(chart.width);
  }
  const x = chart.x(state.at + 0.5),
    inside = x >= chart.left && x <= chart.right;
  chart.cursor.setAttribute("visibility", inside ? "visible" : "hidden");
  chart.cursor.setAttribute("transform", `translate(${x},0)`);
  const label = chart.cursor.lastChild,
    near = x > chart.right - 80;
  label.setAttribute("text-anchor", near ? "end" : "start");
  label.setAttribute("x", near ? -5 : 5);
  say(label, iso(state.at));
};

const drawChart = width => {
  const height = 272,
    right = width - 10,
    top = 18,
    bottom = height - 26;
  const steps = stepsOf(),
    marks = marksOf(),
    measure = data.measures[state.figure];
  const shown = [...days.slice(1).filter(day => day < LAST), ...marks.map(({claim}) => claim.at), data.today];
  let first = Math.min(...shown.slice(0, 1), ...marks.map(({claim}) => claim.at), data.today),
    last = Math.max(
      shown[Math.max(days.length - 2, 0)] ?? data.today,
      ...marks.map(({claim}) => claim.at),
      data.today,
    );
  const margin = Math.max(Math.round((last - first) / 40), 10);
  first = Math.max(first - margin, 1);
  last = Math.min(last + margin, LAST);
  const seen = steps.filter(step => step.places.length && step.until > first && step.at <= last);
  let low = 0,
    high = 0;
  for (const ends of [...seen.map(step => step.places), ...marks.map(mark => mark.ends)])
    for (const end of ends)
      if (end !== null) {
        low = Math.min(low, end);
        high = Math.max(high, end);
      }
  if (low === high) high = low + 1;
  const room = (high - low) * 0.12;
  if (seen.some(step => step.places[2] === null)) low -= room;
  if (seen.some(step => step.places[3] === null) || marks.some(({ends}) => ends[1] === null)) high += room;
  const heights = ticks(low, high, 4, measure.kind === "members").map(value => [value, short(value)]);
  const left = Math.max(LEFT_MIN, Math.ceil(widest(heights.map(([, label]) => label))) + 10);
  const x = day => left + ((Math.min(Math.max(day, first), last) - first) / (last - first)) * (right - left);
  const columns = narrowed(seen, x);
  const y = value => bottom - ((value - low) / (high - low)) * (bottom - top);
  Object.assign(chart, {
    left,
    right,
    x: day => left + ((day - first) / (last - first)) * (right - left),
    dayAt: place => first + ((place - left) / (right - left)) * (last - first),
  });

  const svg = drawn("svg", {
    viewBox: `0 0 ${width} ${height}`,
    role: "img",
    "aria-label": described(measure, steps, marks),
  });
  const fade = (id, y1, y2) =>
    drawn(
      "linearGradient",
      {id, gradientUnits: "userSpaceOnUse", x1: 0, x2: 0, y1, y2},
      drawn("stop", {offset: 0, class: "fade-at"}),
      drawn("stop", {offset: 1, class: "fade-to"}),
    );
  svg.append(drawn("defs", {}, fade("fade-up", bottom, top), fade("fade-down", top, bottom)));
  for (const [value, label] of heights) {
    svg.append(
      drawn("line", {class: value === 0 ? "base" : "axis", x1: left, x2: right, y1: y(value), y2: y(value)}),
    );
    svg.append(drawn("text", {class: "tick", x: left - 8, y: y(value) + 4, "text-anchor": "end"}, label));
  }
  for (const [day, text] of timeTicks(first, last, Math.max(2, Math.floor((right - left) / 64)))) {
    svg.append(drawn("line", {class: "base", x1: x(day), x2: x(day), y1: bottom, y2: bottom + 4}));
    svg.append(drawn("text", {class: "tick", x: x(day), y: bottom + 18, "text-anchor": "middle"}, text));
  }
  // each kind of shade is one shape: of thousands of steps each would be slow
  const shades = {band: "", rest: "", up: "", down: ""};
  const shade = (name, step, one, other) => {
    const from = x(step.at),
      to = Math.max(x(step.until), from + 0.5);
    shades[name] += `M${from.toFixed(2)},${one.toFixed(2)}H${to.toFixed(2)}V${other.toFixed(2)}H${from.toFixed(2)}Z`;
  };
  for (const step of columns) {
    const [least, , lowest] = step.least,
      [, most, , highest] = step.most;
    if (least !== null && most !== null && least !== most) shade("band", step, y(least), y(most));
    if (most !== null && highest !== null && highest !== most) shade("rest", step, y(most), y(highest));
    if (least !== null && lowest !== null && lowest !== least) shade("rest", step, y(lowest), y(least));
    if (highest === null) shade("up", step, y(most ?? least), top);
    if (lowest === null) shade("down", step, y(least ?? most), bottom);
  }
  const under = drawn("g"),
    over = drawn("g");
  for (const [name, look] of [
    ["up", {fill: "url(#fade-up)"}],
    ["down", {fill: "url(#fade-down)"}],
    ["rest", {class: "rest"}],
    ["band", {class: "band"}],
  ]) {
    if (shades[name]) under.append(drawn("path", {d: shades[name], ...look}));
  }
  const line = (place, exact) => {
    let path = "",
      end = null,
      before = null;
    for (const step of columns) {
      const value = step.places[place];
      if (step.exact !== exact || value === null || (place === 1 && step.most[1] === step.least[0])) {
        end = null;
        continue;
      }
      const {[place]: lowest} = step.least,
        {[place]: highest} = step.most;
      if (end !== step.at) path += `M${x(step.at).toFixed(2)},${y(lowest).toFixed(2)}`;
      else if (lowest !== before) path += `V${y(lowest).toFixed(2)}`;
      if (lowest !== highest) path += `V${y(highest).toFixed(2)}V${y(value).toFixed(2)}`;
      path += `H${x(step.until).toFixed(2)}`;
      [end, before] = [step.until, value];
    }
    if (path) over.append(drawn("path", {d: path, class: exact ? "exact" : "bound"}));
  };
  line(0, true);
  line(0, false);
  line(1, false);
  svg.append(under, over);
  // above the drawing, which is not painted anew when only the day is another one
  chart.cursor = drawn(
    "g",
    {},
    drawn("line", {class: "cursor", y1: top - 6, y2: bottom}),
    drawn("text", {class: "here", y: top - 6}),
  );
  const above = drawn(
    "svg",
    {class: "above", viewBox: `0 0 ${width} ${height}`, "aria-hidden": "true"},
    chart.cursor,
  );
  for (const {claim, report, found, ends} of marks) {
    const [least, most] = ends,
      at = x(claim.at + 0.5),
      from = y(least ?? most);
    const mark = drawn("g", {class: `mark ${classOf(found.verdict)}`, "data-verdict": found.verdict});
    if (least !== most)
      mark.append(
        drawn("line", {x1: at, x2: at, y1: least === null ? bottom : y(least), y2: most === null ? top : y(most)}),
      );
    mark.append(drawn("g", {transform: `translate(${at},${from})`}, SIGNS[found.verdict]()));
    mark.append(
      drawn("title", {}, `${report.title}: ${readable(claim.amount)} claimed for ${iso(claim.at)}, ${found.verdict}`),
    );
    svg.append(mark);
  }
  byId("chart").replaceChildren(svg, above);
  showChartWords(measure, seen, steps, marks);
};

const described = (measure, steps, marks) => {
  const said = [`${measure.title}${measure.basis ? `, ${measure.basis}` : ""}: ${steps.length} steps`];
  const lastStep = steps[steps.length - 1];
  if (lastStep && lastStep.amount) said.push(`in the end ${saidOf(lastStep)}`);
  if (marks.length) said.push(`${marks.length} claims marked`);
  return `${said.join(", ")}. The same stands below as a table.`;
};

const showChartWords = (measure, seen, steps, marks) => {
  say(
    byId("chart-note"),
    [
      `${measure.title}${measure.basis ? `, ${measure.basis}` : ""}${unitOf(steps)}.`,
      seen.length ? "" : "Nothing is known of it that could be drawn.",
    ]
      .filter(Boolean)
      .join(" "),
  );
  const legend = [...new Set(marks.map(({found}) => found.verdict))].map(verdict =>
    made("span", {}, signOf(verdict), `claim ${verdict}`),
  );
  const swatch = name =>
    drawn(
      "svg",
      {class: "sign", viewBox: "0 0 16 16", "aria-hidden": "true"},
      drawn("rect", {class: name, width: 16, height: 16}),
    );
  if (
    seen.some(
      step => !step.exact && step.places[0] !== null && step.places[1] !== null && step.places[0] !== step.places[1],
    )
  )
    legend.push(made("span", {}, swatch("band"), "from the least to the most it can be"));
  if (seen.some(step => step.places[3] === null || step.places[2] === null))
    legend.push(made("span", {}, swatch("rest"), "fading away: no bound on that side, or values are missing"));
  byId("legend").replaceChildren(...legend);
  byId("rows").replaceChildren(
    ...(!byId("steps").open
      ? []
      : steps.map(step =>
          made(
            "tr",
            {},
            made("th", {scope: "row"}, step.at === 1 ? "the beginning" : iso(step.at)),
            made("td", {}, [saidOf(step), withMissing(step.cell)].filter(Boolean).join("; ")),
          ),
        )),
  );
};
const unitOf = steps => {
  const units = new Set(
    steps
      .filter(step => step.amount)
      .map(step => amountOf(step.amount).unit)
      .filter(Boolean),
  );
  return units.size === 1 ? `, in ${[...units][0]}` : "";
};
