"use strict";
(() => {
  // Everything that is shown was worked out by the library. Here a day and a moment are chosen, the rectangles that
  // hold both are looked up, those whom they name are counted, and what was looked up is shown and drawn.

  const data = JSON.parse(document.getElementById("data").textContent);
  const byId = id => document.getElementById(id);
  const CERTAIN = 0, POSSIBLE = 1, SUSPENDED = 2;
  const NO_VALUE = "no value";
  const BADGES = ["", "possible", "suspended"];
  const FEW = 6; // members who stand in one column together
  const MANY = 200; // members, beyond which a browser takes long to set them in columns

  // days and moments

  const EPOCH = 719163; // the ordinal of 1970-01-01
  const LAST = 3652059; // of 9999-12-31
  const MONTHS = ["January", "February", "March", "April", "May", "June", "July", "August", "September", "October",
    "November", "December"];
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
  const readable = text => text.replace(/(\d)\.\.(?=[-\d])/g, "$1 to ").replaceAll(">= ", "≥ ").replaceAll("<= ", "≤ ");
  const sums = steps => {
    let sum = 0;
    return Int32Array.from(steps, step => (sum += step));
  };
  const placeOf = (rising, number) => { // of the last one that is not larger, or -1
    let low = 0, high = rising.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (rising[middle] <= number) low = middle + 1; else high = middle;
    }
    return low - 1;
  };

  const days = sums(data.days);
  const positions = sums(data.moments.positions);
  const instants = data.moments.instants;
  const stops = [...new Set([...days.slice(1), data.today])].sort((a, b) => a - b); // of the slider
  const sameSecond = new Set(instants.map(text => text.slice(0, 19))).size < instants.length;

  const momentOf = text => { // the number of the last moment by then: 0 before the first, null for what is none
    if (/^\d{1,15}$/.test(text)) return placeOf(positions, Number(text)) + 1;
    const parts = /^(\d{4}-\d\d-\d\d)[Tt ](\d\d:\d\d:\d\d)(?:\.(\d{1,9}))?([Zz]|[-+]\d\d:\d\d)$/.exec(text);
    const time = parts && Date.parse(`${parts[1]}T${parts[2]}${parts[4].toUpperCase()}`);
    if (!parts || Number.isNaN(time)) return null;
    const wanted = `${new Date(time).toISOString().slice(0, 19)}.${(parts[3] || "").padEnd(6, "0").slice(0, 6)}Z`;
    return instants.filter(instant => instant <= wanted).length;
  };

  // rectangles

  const unpacked = table => {
    const first = sums(table.first);
    const since = Int32Array.from(table.since);
    return {
      size: first.length,
      who: sums(table.who),
      first,
      end: first.map((place, row) => place + table.days[row]),
      since,
      until: since.map((moment, row) => table.moments[row] ? moment + table.moments[row] : 1e9),
      cell: Int32Array.from(table.cell),
      cells: table.cells,
    };
  };
  const lookUp = (table, count, place, moment) => { // the number of the cell of each, or -1
    const found = new Int32Array(count).fill(-1);
    const {size, who, first, end, since, until, cell} = table;
    for (let row = 0; row < size; row++) {
      if (first[row] <= place && place < end[row] && since[row] <= moment && moment < until[row]) found[who[row]] = cell[row];
    }
    return found;
  };
  const along = (table, wanted, moment) => { // the cells of one, day by day
    const found = [];
    for (let row = 0; row < table.size; row++) {
      if (table.who[row] === wanted && table.since[row] <= moment && moment < table.until[row]) {
        found.push({first: table.first[row], end: table.end[row], cell: table.cells[table.cell[row]]});
      }
    }
    return found.sort((a, b) => a.first - b.first);
  };

  const cards = unpacked(data.cards);
  const figures = unpacked(data.figures);
  const values = new Map(Object.entries(data.values).map(([metric, table]) => [metric, unpacked(table)]));
  const texts = data.texts;
  const collator = new Intl.Collator("en", {numeric: true});
  const rank = new Int32Array(texts.length); // of each text among all, as they are sorted
  texts.map((text, number) => number).sort((a, b) => collator.compare(texts[a], texts[b])).forEach((number, place) => { rank[number] = place; });

  // elements

  const SVG = "http://www.w3.org/2000/svg";
  const made = (name, attributes = {}, ...inside) => {
    const element = document.createElement(name);
    for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
    element.append(...inside);
    return element;
  };
  const drawn = (name, attributes = {}, ...inside) => {
    const element = document.createElementNS(SVG, name);
    for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
    element.append(...inside);
    return element;
  };
  const say = (element, text) => { if (element.textContent !== text) element.textContent = text; };
  const put = (parent, children) => { // moving no more of them than has to be
    const wanted = new Set(children);
    for (const child of [...parent.children]) if (!wanted.has(child)) child.remove();
    let there = parent.firstChild;
    for (const child of children) {
      if (child === there) there = there.nextSibling; else parent.insertBefore(child, there);
    }
  };

  // what is chosen

  const state = {at: data.today, moment: instants.length, figure: 0, by: data.grouped && data.attributes.length ? 0 : -1};

  const fromLink = () => {
    const asked = new URLSearchParams(location.hash.slice(1));
    const at = ordinalOf(asked.get("at") || "");
    const moment = asked.has("known_at") ? momentOf(asked.get("known_at")) : null;
    const figure = Number(asked.get("figure") ?? NaN);
    state.at = at ?? data.today;
    state.moment = moment ?? instants.length;
    if (Number.isInteger(figure) && data.measures[figure - 1]) state.figure = figure - 1;
    if (asked.has("by")) state.by = data.attributes.indexOf(asked.get("by"));
  };
  let linking = 0;
  const toLink = () => {
    clearTimeout(linking);
    linking = setTimeout(() => {
      const asked = new URLSearchParams();
      if (state.at !== data.today) asked.set("at", iso(state.at));
      if (state.moment < instants.length) asked.set("known_at", state.moment ? instants[state.moment - 1] : "0");
      if (state.figure) asked.set("figure", state.figure + 1);
      if (state.by >= 0) asked.set("by", data.attributes[state.by]);
      const link = asked.toString().replaceAll("%3A", ":");
      history.replaceState(null, "", link ? `#${link}` : location.pathname + location.search);
    }, 250);
  };

  let announcing = 0;
  const announce = () => {
    clearTimeout(announcing);
    announcing = setTimeout(() => say(byId("announced"), `${byId("lead").textContent} ${knownInWords()}`), 600);
  };

  let waiting = false;
  const choose = change => {
    Object.assign(state, change);
    if (!waiting) {
      waiting = true;
      requestAnimationFrame(() => {
        waiting = false;
        show();
        toLink();
        announce();
      });
    }
  };

  const knownInWords = () => {
    if (!state.moment) return "Before anything was recorded.";
    const instant = instants[state.moment - 1];
    return `As known on ${inWords(instant)}, ${instant.slice(11, sameSecond ? 26 : 19)} UTC.`;
  };

  // the controls

  const showControls = () => {
    const place = placeOf(stops, state.at);
    const day = byId("day"), known = byId("known");
    day.max = stops.length - 1;
    day.value = Math.max(place, 0);
    day.setAttribute("aria-valuetext", inWords(iso(state.at)));
    say(byId("day-said"), inWords(iso(state.at), 3));
    if (ordinalOf(byId("any-day").value) !== state.at) byId("any-day").value = iso(state.at);
    byId("earlier").disabled = state.at <= stops[0];
    byId("later").disabled = state.at >= stops[stops.length - 1];
    known.max = instants.length;
    known.value = Math.max(state.moment, 1);
    known.disabled = instants.length < 2;
    const instant = state.moment ? instants[state.moment - 1] : "";
    const said = state.moment ? `${inWords(instant)}, ${instant.slice(11, 16)} UTC` : "before anything was recorded";
    say(byId("known-said"), state.moment ? `${inWords(instant, 3)}, ${instant.slice(11, 16)}` : said);
    known.setAttribute("aria-valuetext", `${said}, ${state.moment} of ${instants.length}`);
    say(byId("known-note"), state.moment ? `Moment ${state.moment} of ${instants.length}: record ${positions[state.moment - 1]}, at ${instant.slice(11, 26)} UTC` : "");
    byId("knew-less").disabled = state.moment <= 1;
    byId("knew-more").disabled = state.moment >= instants.length;
    byId("now").disabled = state.at === data.today && state.moment === instants.length;
  };

  const bind = () => {
    byId("day").addEventListener("input", event => choose({at: stops[event.target.value]}));
    byId("known").addEventListener("input", event => choose({moment: Number(event.target.value)}));
    byId("earlier").addEventListener("click", () => choose({at: stops[Math.max(placeOf(stops, state.at - 1), 0)]}));
    byId("later").addEventListener("click", () => choose({at: stops[Math.min(placeOf(stops, state.at) + 1, stops.length - 1)]}));
    byId("knew-less").addEventListener("click", () => choose({moment: Math.max(state.moment - 1, 1)}));
    byId("knew-more").addEventListener("click", () => choose({moment: Math.min(state.moment + 1, instants.length)}));
    byId("any-day").addEventListener("input", event => {
      const at = ordinalOf(event.target.value);
      if (at !== null) choose({at});
    });
    byId("now").addEventListener("click", () => choose({at: data.today, moment: instants.length}));
    byId("by").addEventListener("change", event => choose({by: Number(event.target.value)}));
    byId("controls").addEventListener("submit", event => event.preventDefault());
    addEventListener("hashchange", () => { fromLink(); choose({}); });
    byId("steps").addEventListener("toggle", () => choose({}));
    new ResizeObserver(([chart_]) => { chart.width = Math.round(chart_.contentRect.width); choose({}); }).observe(byId("chart"));
    const toDay = event => {
      if (event.buttons !== 1 && event.type !== "click") return;
      const box = byId("chart").getBoundingClientRect();
      const at = Math.round(chart.dayAt(event.clientX - box.left));
      choose({at: Math.min(Math.max(at, 1), LAST)});
    };
    byId("chart").addEventListener("click", toDay);
    byId("chart").addEventListener("pointermove", toDay);
  };

  // figures

  const tiles = data.measures.map((measure, number) => {
    const input = made("input", {type: "radio", name: "figure", value: number});
    input.addEventListener("change", () => choose({figure: number}));
    const what = made("span", {class: "what"}, made("bdi", {}, measure.title));
    if (measure.basis) what.append(made("span", {class: "basis"}, `, ${measure.basis}`));
    const [number_, unit] = [made("span", {class: "number"}), made("span", {class: "unit"})];
    const amount = made("span", {class: "amount"}, number_, " ", unit);
    const rests = made("span", {class: "rests"});
    const tile = made("label", {class: "figure", "data-kind": measure.kind}, input, what, amount, rests);
    return {tile, input, amount, number: number_, unit, rests};
  });

  const split = text => { // an amount, and its unit
    const [, amount, unit] = /^((?:[<>]= )?\S+)(?: (.*))?$/.exec(text);
    return [amount, unit || ""];
  };
  const endsOf = text => { // where they are drawn; null where they are open
    const amount = split(text)[0].replaceAll("…", "");
    let ends = amount.includes("..") ? amount.split("..") : [amount, amount];
    if (amount.startsWith(">= ")) ends = [amount.slice(3), ""];
    if (amount.startsWith("<= ")) ends = ["", amount.slice(3)];
    return ends.map(end => end && Number.isFinite(Number(end)) ? Number(end) : null);
  };

  const coverage = (metric, standing, given) => {
    const found = {members: 0, reporting: 0, missing: 0, possible: 0, perhaps: 0, oldest: 0, any: false};
    const table = values.get(metric);
    standing.forEach((card, member) => {
      if (card < 0) return;
      const surely = cards.cells[card][0];
      if (surely === SUSPENDED) return;
      const isGiven = given[member] >= 0;
      const [, lacking, oldest] = isGiven ? table.cells[given[member]] : [0, 1, 0];
      if (surely === CERTAIN) {
        found.members++;
        if (!lacking) found.reporting++;
        else if (!isGiven) found.missing++;
        else found.perhaps++;
      } else {
        found.possible++;
        if (lacking) found.perhaps++;
      }
      if (isGiven) found.any = true;
      if (oldest && (!found.oldest || oldest < found.oldest)) found.oldest = oldest;
    });
    return found;
  };

  const dayOf = ordinal => ordinal === 1 ? "a day unknown" : iso(ordinal);
  const restsOf = (measure, told, found, standing) => {
    if (measure.kind === "members") {
      const counts = [0, 0, 0];
      standing.forEach(card => { if (card >= 0) counts[cards.cells[card][0]]++; });
      return counts.map((count, standing) => count || !standing ? `${count} ${["certain", ...BADGES.slice(1)][standing]}` : "").filter(Boolean).join(", ");
    }
    if (!told) return "not defined yet";
    const [, envelope, , reason] = told;
    if (reason) return reason;
    if (measure.kind === "value") return envelope ? "not stated" : "";
    const said = [`${found.reporting} of ${found.members} report`];
    if (found.perhaps) said.push(`of ${found.perhaps} it is uncertain`);
    if (found.oldest) said.push(`the oldest value is of ${dayOf(found.oldest)}`);
    if (envelope && found.any) said.push(`with what is missing it is ${readable(envelope)}`);
    return said.join("; ");
  };

  const showFigures = (told, standing, given) => {
    tiles.forEach((tile, number) => {
      const measure = data.measures[number], one = told[number] < 0 ? null : figures.cells[told[number]];
      const found = measure.kind === "total" ? coverage(measure.metric, standing, given.get(measure.metric)) : null;
      const nothing = !one || one[3] || !one[0] || (one[2] && !(found && found.any));
      const [amount, unit] = nothing ? [one && one[3] ? "no total" : NO_VALUE, ""] : split(one[0]);
      tile.amount.classList.toggle("none", Boolean(nothing));
      say(tile.number, readable(amount));
      say(tile.unit, unit);
      say(tile.rests, restsOf(measure, one, found, standing));
      tile.input.checked = number === state.figure;
    });
  };

  // members

  const rows = new Map(), groups = new Map();
  const rowOf = (key, member) => {
    if (!rows.has(key)) {
      const name = made("bdi"), given = made("span", {class: "given"}), badge = made("span", {class: "badge"});
      const said = made("span"), about = made("span", {class: "about"}, badge, said);
      rows.set(key, {item: made("li", {"data-id": data.members[member]}, name, given, about), name, given, badge, said, card: null, value: null, here: null});
    }
    return rows.get(key);
  };
  const groupOf = key => {
    if (!groups.has(key)) {
      const title = made("bdi"), count = made("span", {class: "count"}), list = made("ul");
      groups.set(key, {box: made("div", {class: "group"}, made("h3", {}, title, count), list), title, count, list});
    }
    return groups.get(key);
  };
  const showRow = (row, member, card, here, value) => { // here: does it surely belong into this group?
    if (row.card === card && row.value === value && row.here === here) return;
    Object.assign(row, {card, value, here});
    const [standing, name, since, note] = card;
    say(row.name, texts[name]);
    row.item.className = BADGES[standing] || (here ? "" : "possible");
    row.badge.className = standing === SUSPENDED ? "badge suspended" : "badge";
    say(row.badge, BADGES[standing] || (here ? "" : "perhaps here"));
    const about = [texts[since]];
    if (texts[note]) about.unshift(texts[note]);
    if (data.members[member] !== texts[name]) about.push(data.members[member]);
    say(row.said, about.filter(Boolean).join(" · "));
    say(row.given, value === null ? "" : value ? texts[value[0]] : NO_VALUE);
    row.given.classList.toggle("none", row.given.textContent === NO_VALUE);
  };

  const showMembers = (standing, given) => {
    const measure = data.measures[state.figure];
    const table = measure.metric !== undefined && values.get(measure.metric);
    const own = table && given.get(measure.metric);
    const found = new Map(); // by group: who is in it
    const into = (key, title, order, entry) => {
      if (!found.has(key)) found.set(key, {key, title, order, entries: []});
      found.get(key).entries.push(entry);
    };
    standing.forEach((number, member) => {
      if (number < 0) return;
      const card = cards.cells[number];
      if (card[0] === SUSPENDED) into("suspended", "Suspended", 3e9, {member, card, surely: true});
      else if (state.by < 0) into("all", "", 0, {member, card, surely: true});
      else for (const [group, surely] of card[4][state.by]) {
        const title = group < 0 ? `without ${data.attributes[state.by]}` : texts[group];
        into(`${state.by}|${group}`, title, group < 0 ? 2e9 : rank[group], {member, card, surely: Boolean(surely) || card[0] === POSSIBLE});
      }
    });
    const boxes = [...found.values()].sort((a, b) => a.order - b.order).map(one => {
      const group = groupOf(one.key);
      one.entries.sort((a, b) => a.card[0] - b.card[0] || rank[a.card[1]] - rank[b.card[1]] || a.member - b.member);
      const items = one.entries.map(({member, card, surely}) => {
        const row = rowOf(`${one.key}|${member}`, member);
        showRow(row, member, card, surely, !table ? null : own[member] < 0 ? 0 : table.cells[own[member]]);
        return row.item;
      });
      const high = one.entries.length;
      const low = one.key === "suspended" ? high : one.entries.filter(({card, surely}) => card[0] === CERTAIN && surely).length;
      say(group.title, one.title);
      say(group.count, low === high ? `${low}` : `${low} to ${high}`);
      group.box.firstChild.hidden = one.key === "all";
      put(group.list, items);
      group.box.classList.toggle("few", items.length <= FEW);
      return group.box;
    });
    const many = boxes.reduce((sum, box) => sum + box.lastChild.children.length, 0);
    byId("members").classList.toggle("flowing", state.by >= 0 && many <= MANY);
    put(byId("members"), boxes);
    const possible = [...standing].some(card => card >= 0 && cards.cells[card][0] === POSSIBLE);
    const note = !boxes.length ? "Nobody, as far as is known." : possible ? "Possible: rough dates leave open whether it was a member on that day." : "";
    say(byId("members-note"), note);
  };

  const showLead = told => {
    const count = told[0] < 0 ? "" : figures.cells[told[0]][0];
    const lead = byId("lead"), words = `${readable(count)} ${count === "1" ? "member" : "members"}`;
    lead.replaceChildren(made("strong", {}, count ? words : "Nothing is known"), ` at the end of ${inWords(iso(state.at))}.`);
  };

  // claims

  const SIGNS = {
    "confirmed": () => drawn("circle", {r: 5, class: "full"}),
    "contradicted": () => drawn("path", {d: "M-4.5,-4.5L4.5,4.5M-4.5,4.5L4.5,-4.5"}),
    "unverifiable": () => drawn("path", {d: "M0,-6L6,0L0,6L-6,0Z", class: "hollow"}),
    "not comparable": () => drawn("path", {d: "M-5,0H5"}),
  };
  const classOf = verdict => verdict.replace(" ", "-");
  const signOf = verdict => drawn("svg", {class: `sign mark ${classOf(verdict)}`, viewBox: "-8 -8 16 16", "aria-hidden": "true"}, SIGNS[verdict]());
  const isKnown = one => one.since <= state.moment && (!one.until || state.moment < one.until);

  const showReports = () => {
    const known = data.reports.filter(isKnown).sort((a, b) => a.day - b.day);
    byId("published").hidden = !data.reports.length;
    byId("reports").replaceChildren(...known.map(report => {
      const title = made("bdi", {}, report.title);
      const heading = made("h3", {}, report.url ? made("a", {href: report.url, rel: "noopener noreferrer"}, title) : title);
      const box = made("div", {class: "report"}, heading, made("p", {class: "when"}, `${report.kind}, ${report.when}`));
      const claims = report.claims.map(claim => {
        const found = claim.found.find(isKnown);
        const item = made("li", {}, signOf(found.verdict), made("span", {class: "claim"}, `${claim.what}: `, made("strong", {}, readable(claim.amount)), claim.at === report.day ? "" : `, for ${iso(claim.at)}`));
        const before = found.before ? `; ${found.before} when published` : "";
        item.append(made("span", {class: `verdict ${classOf(found.verdict)}`}, `${found.verdict}${before}`));
        if (found.why) item.append(made("span", {class: "why"}, readable(found.why)));
        return item;
      });
      if (claims.length) box.append(made("ul", {}, ...claims));
      return box;
    }));
    if (!known.length) byId("reports").append(made("p", {class: "note"}, "Nothing, as far as is known."));
  };

  // the chart

  const chart = {key: "", width: 0, dayAt: () => state.at};

  const ticks = (low, high, many, whole) => {
    const rough = (high - low) / many, power = 10 ** Math.floor(Math.log10(rough));
    let step = [1, 2, 5, 10].map(one => one * power).find(one => one >= rough);
    if (whole) step = Math.max(1, Math.round(step));
    const found = [];
    for (let place = Math.ceil(low / step); place * step <= high * (1 + 1e-9); place++) found.push(place * step);
    return found;
  };
  const short = number => Number(number.toPrecision(6)).toLocaleString("en", {maximumSignificantDigits: 6});
  const timeTicks = (first, last, many) => {
    const year = ordinal => Number(iso(ordinal).slice(0, 4));
    const months = (last - first) / 30.4 / many;
    const step = [1, 2, 3, 6, 12, 24, 36, 60, 120, 240, 600, 1200, 6000, 12000].find(one => one >= months) || 24000;
    const found = [];
    for (let month = Math.ceil(year(first) * 12 / step) * step; month <= (year(last) + 1) * 12; month += step) {
      const text = `${String(Math.floor(month / 12)).padStart(4, "0")}-${String(month % 12 + 1).padStart(2, "0")}-01`;
      const ordinal = ordinalOf(text);
      if (ordinal !== null && ordinal >= first && ordinal <= last) found.push([ordinal, step < 12 ? text.slice(0, 7) : text.slice(0, 4)]);
    }
    return found;
  };

  const stepsOf = () => along(figures, state.figure, state.moment).map(({first, end, cell}) => {
    const [amount, envelope, vain, reason] = cell;
    const places = vain || reason ? [] : [...endsOf(amount), ...endsOf(envelope || amount)];
    const exact = !envelope && places.length > 0 && places[0] === places[1];
    return {at: days[first], until: end < days.length ? days[end] : LAST + 1, amount, envelope, reason, places, exact};
  });
  const marksOf = () => data.reports.filter(isKnown).flatMap(report => report.claims
    .filter(claim => claim.measure === state.figure)
    .map(claim => ({claim, report, found: claim.found.find(isKnown)}))
    .filter(({found}) => found && found.amount)
    .map(mark => ({...mark, ends: endsOf(mark.found.amount)})));

  const showChart = () => {
    const key = [state.figure, state.moment, chart.width, byId("steps").open].join();
    if (!chart.width) return;
    if (key !== chart.key) {
      chart.key = key;
      drawChart(chart.width);
    }
    const x = chart.x(state.at + 0.5), inside = x >= chart.left && x <= chart.right;
    chart.cursor.setAttribute("visibility", inside ? "visible" : "hidden");
    chart.cursor.setAttribute("transform", `translate(${x},0)`);
    const label = chart.cursor.lastChild, near = x > chart.right - 80;
    label.setAttribute("text-anchor", near ? "end" : "start");
    label.setAttribute("x", near ? -5 : 5);
    say(label, iso(state.at));
  };

  const drawChart = width => {
    const height = 272, left = 52, right = width - 10, top = 18, bottom = height - 26;
    const steps = stepsOf(), marks = marksOf(), measure = data.measures[state.figure];
    const shown = [...days.slice(1).filter(day => day < LAST), ...marks.map(({claim}) => claim.at), data.today];
    let first = Math.min(...shown.slice(0, 1), ...marks.map(({claim}) => claim.at), data.today), last = Math.max(shown[Math.max(days.length - 2, 0)] ?? data.today, ...marks.map(({claim}) => claim.at), data.today);
    const margin = Math.max(Math.round((last - first) / 40), 10);
    first = Math.max(first - margin, 1);
    last = Math.min(last + margin, LAST);
    const seen = steps.filter(step => step.places.length && step.until > first && step.at <= last);
    const numbers = [0, ...seen.flatMap(step => step.places), ...marks.flatMap(({ends}) => ends)].filter(one => one !== null);
    let low = Math.min(...numbers), high = Math.max(...numbers);
    if (low === high) high = low + 1;
    const room = (high - low) * 0.12;
    if (seen.some(step => step.places[2] === null)) low -= room;
    if (seen.some(step => step.places[3] === null) || marks.some(({ends}) => ends[1] === null)) high += room;
    const x = day => left + (Math.min(Math.max(day, first), last) - first) / (last - first) * (right - left);
    const y = value => bottom - (value - low) / (high - low) * (bottom - top);
    Object.assign(chart, {left, right, x: day => left + (day - first) / (last - first) * (right - left), dayAt: place => first + (place - left) / (right - left) * (last - first)});

    const svg = drawn("svg", {viewBox: `0 0 ${width} ${height}`, role: "img", "aria-label": described(measure, steps, marks)});
    const fade = (id, y1, y2) => drawn("linearGradient", {id, gradientUnits: "userSpaceOnUse", x1: 0, x2: 0, y1, y2}, drawn("stop", {offset: 0, class: "fade-at"}), drawn("stop", {offset: 1, class: "fade-to"}));
    svg.append(drawn("defs", {}, fade("fade-up", bottom, top), fade("fade-down", top, bottom)));
    for (const value of ticks(low, high, 4, measure.kind === "members")) {
      svg.append(drawn("line", {class: value === 0 ? "base" : "axis", x1: left, x2: right, y1: y(value), y2: y(value)}));
      svg.append(drawn("text", {class: "tick", x: left - 8, y: y(value) + 4, "text-anchor": "end"}, short(value)));
    }
    for (const [day, text] of timeTicks(first, last, Math.max(2, Math.floor((right - left) / 64)))) {
      svg.append(drawn("line", {class: "base", x1: x(day), x2: x(day), y1: bottom, y2: bottom + 4}));
      svg.append(drawn("text", {class: "tick", x: x(day), y: bottom + 18, "text-anchor": "middle"}, text));
    }
    // each kind of shade is one shape: of thousands of steps each would be slow
    const shades = {band: "", rest: "", up: "", down: ""};
    const shade = (name, step, one, other) => {
      const from = x(step.at), to = Math.max(x(step.until), from + 0.5);
      shades[name] += `M${from.toFixed(2)},${one.toFixed(2)}H${to.toFixed(2)}V${other.toFixed(2)}H${from.toFixed(2)}Z`;
    };
    for (const step of seen) {
      const [least, most, lowest, highest] = step.places;
      if (least !== null && most !== null && least !== most) shade("band", step, y(least), y(most));
      if (most !== null && highest !== null && highest !== most) shade("rest", step, y(most), y(highest));
      if (least !== null && lowest !== null && lowest !== least) shade("rest", step, y(lowest), y(least));
      if (highest === null) shade("up", step, y(most ?? least), top);
      if (lowest === null) shade("down", step, y(least ?? most), bottom);
    }
    const under = drawn("g"), over = drawn("g");
    for (const [name, look] of [["up", {fill: "url(#fade-up)"}], ["down", {fill: "url(#fade-down)"}], ["rest", {class: "rest"}], ["band", {class: "band"}]]) {
      if (shades[name]) under.append(drawn("path", {d: shades[name], ...look}));
    }
    const line = (place, exact) => {
      let path = "", end = null, before = null;
      for (const step of seen) {
        const value = step.places[place];
        if (step.exact !== exact || value === null || (place === 1 && value === step.places[0])) { end = null; continue; }
        path += end === step.at ? (value === before ? "" : `V${y(value).toFixed(2)}`) : `M${x(step.at).toFixed(2)},${y(value).toFixed(2)}`;
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
    chart.cursor = drawn("g", {}, drawn("line", {class: "cursor", y1: top - 6, y2: bottom}), drawn("text", {class: "here", y: top - 6}));
    const above = drawn("svg", {class: "above", viewBox: `0 0 ${width} ${height}`, "aria-hidden": "true"}, chart.cursor);
    for (const {claim, report, found, ends} of marks) {
      const [least, most] = ends, at = x(claim.at + 0.5), from = y(least ?? most);
      const mark = drawn("g", {class: `mark ${classOf(found.verdict)}`, "data-verdict": found.verdict});
      if (least !== most) mark.append(drawn("line", {x1: at, x2: at, y1: least === null ? bottom : y(least), y2: most === null ? top : y(most)}));
      mark.append(drawn("g", {transform: `translate(${at},${from})`}, SIGNS[found.verdict]()));
      mark.append(drawn("title", {}, `${report.title}: ${readable(claim.amount)} claimed for ${iso(claim.at)}, ${found.verdict}`));
      svg.append(mark);
    }
    byId("chart").replaceChildren(svg, above);
    showChartWords(measure, seen, steps, marks);
  };

  const described = (measure, steps, marks) => {
    const said = [`${measure.title}${measure.basis ? `, ${measure.basis}` : ""}: ${steps.length} steps`];
    const lastStep = steps[steps.length - 1];
    if (lastStep && lastStep.amount) said.push(`in the end ${readable(lastStep.amount)}`);
    if (marks.length) said.push(`${marks.length} claims marked`);
    return `${said.join(", ")}. The same stands below as a table.`;
  };

  const showChartWords = (measure, seen, steps, marks) => {
    say(byId("chart-note"), [`${measure.title}${measure.basis ? `, ${measure.basis}` : ""}${unitOf(steps)}.`, seen.length ? "" : "Nothing is known of it that could be drawn."].filter(Boolean).join(" "));
    const legend = [...new Set(marks.map(({found}) => found.verdict))].map(verdict => made("span", {}, signOf(verdict), `claim ${verdict}`));
    const swatch = name => drawn("svg", {class: "sign", viewBox: "0 0 16 16", "aria-hidden": "true"}, drawn("rect", {class: name, width: 16, height: 16}));
    if (seen.some(step => !step.exact && step.places[0] !== null && step.places[1] !== null && step.places[0] !== step.places[1])) legend.push(made("span", {}, swatch("band"), "from the least to the most it can be"));
    if (seen.some(step => step.places[3] === null || step.places[2] === null)) legend.push(made("span", {}, swatch("rest"), "fading away: no bound on that side, or values are missing"));
    byId("legend").replaceChildren(...legend);
    byId("rows").replaceChildren(...(!byId("steps").open ? [] : steps.map(step => made("tr", {}, made("th", {scope: "row"}, step.at === 1 ? "the beginning" : iso(step.at)), made("td", {}, step.reason || (step.places.length ? readable(step.amount) : NO_VALUE), step.envelope && step.places.length ? `; with what is missing ${readable(step.envelope)}` : "")))));
  };
  const unitOf = steps => {
    const units = new Set(steps.filter(step => step.amount).map(step => split(step.amount)[1]).filter(Boolean));
    return units.size === 1 ? `, in ${[...units][0]}` : "";
  };

  // all of it

  let reported = -1;
  const show = () => {
    const place = Math.max(placeOf(days, state.at), 0);
    const standing = lookUp(cards, data.members.length, place, state.moment);
    const told = lookUp(figures, data.measures.length, place, state.moment);
    const given = new Map([...values].map(([metric, table]) => [metric, lookUp(table, data.members.length, place, state.moment)]));
    showControls();
    showLead(told);
    showFigures(told, standing, given);
    showMembers(standing, given);
    if (reported !== state.moment) showReports();
    reported = state.moment;
    showChart();
    byId("by").value = state.by;
    document.documentElement.dataset.shown = `${iso(state.at)} ${state.moment}`;
  };

  byId("figures").append(...tiles.map(({tile}) => tile));
  byId("by").append(made("option", {value: -1}, "nothing"), ...data.attributes.map((name, number) => made("option", {value: number}, name)));
  byId("grouping").hidden = !data.attributes.length;
  for (const id of ["controls", "more", "main"]) byId(id).hidden = false;
  fromLink();
  bind();
  show();
})();
