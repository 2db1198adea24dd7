// What is chosen, how that is told by the controls and by the link, and how elements are made and put.

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
const say = (element, text) => {
  if (element.textContent !== text) element.textContent = text;
};
const put = (parent, children) => {
  // moving no more of them than has to be
  const wanted = new Set(children);
  for (const child of [...parent.children]) if (!wanted.has(child)) child.remove();
  let there = parent.firstChild;
  for (const child of children) {
    if (child === there) there = there.nextSibling;
    else parent.insertBefore(child, there);
  }
};

// what is chosen

const UNASKED = {
  at: data.today,
  moment: instants.length,
  figure: 0,
  by: data.grouped && data.attributes.length ? 0 : -1,
  isHeld: true, // does the page hold what was known then?
  notice: "", // what is to be said of the link
};
const state = {...UNASKED};

const ASKED_MAX = 80;
const heldInPlaceOf = (asked, {moment, isHeld}) => {
  // what is shown where a link asks for a moment between two of the page
  if (isHeld) return "";
  const record = /^\d+$/.test(asked) ? `position ${asked}` : asked;
  return moment
    ? `Asked: ${record}. Shown: as known at record ${positions[moment - 1]}, the last moment before it that this page holds.`
    : `Asked: ${record}. The first moment that this page holds is record ${positions[0]}: nothing can be shown.`;
};
const fromLink = () => {
  const link = new URLSearchParams(location.hash.slice(1).replaceAll("+", "%2B")); // a plus is no blank here
  const said = [];
  const read = (name, reading, what, instead) => {
    if (!link.has(name)) return null;
    const text = link.get(name);
    const value = reading(text);
    const shown = text.length > ASKED_MAX ? `${text.slice(0, ASKED_MAX)}…` : text;
    if (value === null) said.push(`The link asks for ${name}=${shown}, which is no ${what}: ${instead}.`);
    return value;
  };
  const at = read("at", ordinalOf, "day such as 2023-01-20", `shown on ${inWords(iso(data.today))}`);
  const known = read("known_at", momentOf, "instant such as 2023-01-20T09:30:00Z, or position", "shown as known now");
  const figure = read(
    "figure",
    text => (/^\d+$/.test(text) && data.measures[text - 1] ? text - 1 : null),
    "number of a figure",
    `${data.measures[0].title} is drawn`,
  );
  const by = read(
    "by",
    text => (text && !data.attributes.includes(text) ? null : data.attributes.indexOf(text)),
    "attribute that members are grouped by here",
    UNASKED.by < 0 ? "not grouped" : `grouped by ${data.attributes[UNASKED.by]}`,
  );
  Object.assign(state, UNASKED, at !== null && {at}, figure !== null && {figure}, by !== null && {by});
  if (known) {
    state.moment = known.moment;
    state.isHeld = known.isHeld || known.moment > 0;
    said.push(heldInPlaceOf(link.get("known_at"), known));
  }
  state.notice = said.filter(Boolean).join(" ");
};
const unknown = () => (state.isHeld ? "0" : String(positions[0] - 1)); // before the first moment of the page
let linking = 0;
const toLink = () => {
  clearTimeout(linking);
  linking = setTimeout(() => {
    const asked = new URLSearchParams();
    if (state.at !== data.today) asked.set("at", iso(state.at));
    if (state.moment < instants.length) asked.set("known_at", state.moment ? instants[state.moment - 1] : unknown());
    if (state.figure) asked.set("figure", state.figure + 1);
    if (state.by !== UNASKED.by) asked.set("by", data.attributes[state.by] ?? "");
    const link = asked.toString().replaceAll("%3A", ":").replaceAll("+", "%20");
    history.replaceState(null, "", link ? `#${link}` : location.pathname + location.search);
  }, 250);
};

const announcement = () => [state.notice, byId("lead").textContent, knownInWords()].filter(Boolean).join(" ");
let announcing = 0;
const announce = () => {
  clearTimeout(announcing);
  announcing = setTimeout(() => say(byId("announced"), announcement()), 600);
};

let waiting = false;
const showSoon = () => {
  if (waiting) return;
  waiting = true;
  requestAnimationFrame(() => {
    waiting = false;
    show();
  });
};
const choose = change => {
  // of a page that does not hold the first moment there was, it is not known what was known before its own first
  const isHeld = change.moment > 0 || positions[0] === began[0];
  Object.assign(state, {notice: ""}, "moment" in change && {isHeld}, change);
  showSoon();
  toLink();
  announce();
};

const beforeAll = () => `before ${state.isHeld ? "anything was recorded" : "the first moment that this page holds"}`;
const knownInWords = () => {
  if (!state.moment) return `B${beforeAll().slice(1)}.`;
  const instant = instants[state.moment - 1];
  return `As known on ${inWords(instant)}, ${instant.slice(11, sameSecond ? 26 : 19)} UTC.`;
};

// the controls

const idle = (id, nothingToDo) => byId(id).setAttribute("aria-disabled", nothingToDo); // which keeps the focus

const showControls = () => {
  const place = placeOf(stops, state.at);
  const day = byId("day"),
    known = byId("known");
  day.max = stops.length - 1;
  day.value = Math.max(place, 0);
  day.setAttribute("aria-valuetext", inWords(iso(state.at)));
  say(byId("day-said"), inWords(iso(state.at), 3));
  if (ordinalOf(byId("any-day").value) !== state.at) byId("any-day").value = iso(state.at);
  idle("earlier", state.at <= stops[0]);
  idle("later", state.at >= stops[stops.length - 1]);
  known.max = instants.length;
  known.value = state.moment;
  const instant = state.moment ? instants[state.moment - 1] : "";
  const said = state.moment ? `${inWords(instant)}, ${instant.slice(11, 16)} UTC` : beforeAll();
  say(byId("known-said"), state.moment ? `${inWords(instant, 3)}, ${instant.slice(11, 16)}` : said);
  known.setAttribute("aria-valuetext", `${said}, ${state.moment} of ${instants.length}`);
  say(
    byId("known-note"),
    state.moment
      ? `Moment ${state.moment} of ${instants.length}: record ${positions[state.moment - 1]}, at ${instant.slice(11, 26)} UTC`
      : "",
  );
  idle("knew-less", !state.moment);
  idle("knew-more", state.moment >= instants.length);
  idle("now", state.at === data.today && state.moment === instants.length);
};

const onClick = (id, changed) =>
  byId(id).addEventListener("click", event => {
    if (event.currentTarget.getAttribute("aria-disabled") !== "true") choose(changed());
  });
const bind = () => {
  byId("day").addEventListener("input", event => choose({at: stops[event.target.value]}));
  byId("known").addEventListener("input", event => choose({moment: Number(event.target.value)}));
  onClick("earlier", () => ({at: stops[Math.max(placeOf(stops, state.at - 1), 0)]}));
  onClick("later", () => ({at: stops[Math.min(placeOf(stops, state.at) + 1, stops.length - 1)]}));
  onClick("knew-less", () => ({moment: Math.max(state.moment - 1, 0)}));
  onClick("knew-more", () => ({moment: Math.min(state.moment + 1, instants.length)}));
  byId("any-day").addEventListener("input", event => {
    const at = ordinalOf(event.target.value);
    if (at !== null) choose({at});
  });
  onClick("now", () => ({at: data.today, moment: instants.length}));
  byId("by").addEventListener("change", event => choose({by: Number(event.target.value)}));
  byId("controls").addEventListener("submit", event => event.preventDefault());
  addEventListener("hashchange", () => {
    fromLink();
    showSoon();
    announce();
  });
  byId("steps").addEventListener("toggle", showSoon);
  new ResizeObserver(([chart_]) => {
    chart.width = Math.round(chart_.contentRect.width);
    showSoon();
  }).observe(byId("chart"));
  const toDay = event => {
    if (event.buttons !== 1 && event.type !== "click") return;
    const box = byId("chart").getBoundingClientRect();
    const at = Math.round(chart.dayAt(event.clientX - box.left));
    choose({at: Math.min(Math.max(at, 1), LAST)});
  };
  byId("chart").addEventListener("click", toDay);
  byId("chart").addEventListener("pointermove", toDay);
};
