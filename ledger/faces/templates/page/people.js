// The figures of the day, and the members, by the group that was chosen.

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

const placeOfNumber = text => {
  const number = Number(text.replace("…", ""));
  return text && Number.isFinite(number) ? number : null;
};
const endsOf = text => {
  // where they are drawn; null where they are open
  const {low, high} = amountOf(text);
  return [low, high].map(placeOfNumber);
};

const coverage = (metric, standing, given) => {
  const found = {members: 0, reporting: 0, perhaps: 0, oldest: 0};
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
      else if (isGiven) found.perhaps++;
    } else if (lacking) found.perhaps++;
    if (oldest && (!found.oldest || oldest < found.oldest)) found.oldest = oldest;
  });
  return found;
};

const dayOf = ordinal => (ordinal === 1 ? "a day unknown" : iso(ordinal));
const restsOf = (measure, told, found, standing) => {
  if (measure.kind === "members") {
    const counts = [0, 0, 0];
    standing.forEach(card => {
      if (card >= 0) counts[cards.cells[card][0]]++;
    });
    return counts
      .map((count, standing) => (count || !standing ? `${numbered(count)} ${["certain", ...BADGES.slice(1)][standing]}` : ""))
      .filter(Boolean)
      .join(", ");
  }
  if (!told) return "not defined yet";
  const [, , note] = told;
  if (note || measure.kind === "value") return note ?? "";
  // who is left out of such a sum the page does not hold
  if (measure.overlap) return told[1] ? ["values are missing", withMissing(told)].filter(Boolean).join("; ") : "";
  const said = [`${numbered(found.reporting)} of ${numbered(found.members)} report`];
  if (found.perhaps) said.push(`of ${numbered(found.perhaps)} it is uncertain`);
  if (found.oldest) said.push(`the oldest value is of ${dayOf(found.oldest)}`);
  return [...said, withMissing(told)].filter(Boolean).join("; ");
};

const showFigures = (told, standing, given) => {
  tiles.forEach((tile, number) => {
    const measure = data.measures[number],
      one = told[number] < 0 ? null : figures.cells[told[number]];
    const isTotal = measure.kind === "total";
    const found = isTotal ? coverage(measure.metric, standing, given.get(measure.metric)) : null;
    const [amount, unit] = one && one[0] ? parted(one[0]) : [one && !one[1] ? "no total" : NO_VALUE, ""];
    tile.amount.classList.toggle("none", !(one && one[0]));
    say(tile.number, amount);
    say(tile.unit, unit);
    say(tile.rests, restsOf(measure, one, found, standing));
    tile.input.checked = number === state.figure;
  });
};

// members

const rows = new Map(),
  groups = new Map();
const rowOf = (key, member) => {
  if (!rows.has(key)) {
    const name = made("bdi"),
      given = made("span", {class: "given"}),
      badge = made("span", {class: "badge"});
    const said = made("span"),
      about = made("span", {class: "about"}, badge, said);
    rows.set(key, {
      item: made("li", {"data-id": data.members[member]}, name, given, about),
      name,
      given,
      badge,
      said,
      card: null,
      value: null,
      here: null,
      since: null,
    });
  }
  return rows.get(key);
};
const groupOf = key => {
  if (!groups.has(key)) {
    const title = made("bdi"),
      count = made("span", {class: "count"}),
      list = made("ul");
    groups.set(key, {box: made("div", {class: "group"}, made("h3", {}, title, count), list), title, count, list});
  }
  return groups.get(key);
};
const givenInWords = ([text]) =>
  texts[text]
    .split(" or ")
    .map(one => (one === NO_VALUE ? one : readable(one)))
    .join(" or ");
const sinceOf = ([, , since, , , first, last]) => {
  // nobody who is a member on a day has joined after it
  if (!last || state.at >= last) return texts[since];
  const day = iso(state.at);
  if (first === state.at) return `since ${day}`;
  return first === 1 ? `since a day not after ${day}` : `since a day from ${iso(first)} to ${day}`;
};
const showRow = (row, member, card, here, value) => {
  // here: does it surely belong into this group?
  const since = sinceOf(card);
  if (row.card === card && row.value === value && row.here === here && row.since === since) return;
  Object.assign(row, {card, value, here, since});
  const [standing, name, , note] = card;
  say(row.name, texts[name]);
  row.item.className = BADGES[standing] || (here ? "" : "possible");
  row.badge.className = standing === SUSPENDED ? "badge suspended" : "badge";
  say(row.badge, BADGES[standing] || (here ? "" : "perhaps here"));
  const about = [since];
  if (texts[note]) about.unshift(texts[note]);
  if (data.members[member] !== texts[name]) about.push(data.members[member]);
  say(row.said, about.filter(Boolean).join(" · "));
  say(row.given, value === null ? "" : value ? givenInWords(value) : NO_VALUE);
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
    else
      for (const [group, surely] of card[4][state.by]) {
        const title = group < 0 ? `without ${data.attributes[state.by]}` : texts[group];
        into(`${state.by}|${group}`, title, group < 0 ? 2e9 : rank[group], {
          member,
          card,
          surely: Boolean(surely) || card[0] === POSSIBLE,
        });
      }
  });
  const boxes = [...found.values()]
    .sort((a, b) => a.order - b.order)
    .map(one => {
      const group = groupOf(one.key);
      one.entries.sort((a, b) => a.card[0] - b.card[0] || rank[a.card[1]] - rank[b.card[1]] || a.member - b.member);
      const items = one.entries.map(({member, card, surely}) => {
        const row = rowOf(`${one.key}|${member}`, member);
        showRow(row, member, card, surely, !table ? null : own[member] < 0 ? 0 : table.cells[own[member]]);
        return row.item;
      });
      const high = one.entries.length;
      const low =
        one.key === "suspended" ? high : one.entries.filter(({card, surely}) => card[0] === CERTAIN && surely).length;
      say(group.title, one.title);
      say(group.count, low === high ? numbered(low) : `${numbered(low)} to ${numbered(high)}`);
      group.box.firstChild.hidden = one.key === "all";
      put(group.list, items);
      group.box.classList.toggle("few", items.length <= FEW);
      return group.box;
    });
  const many = boxes.reduce((sum, box) => sum + box.lastChild.children.length, 0);
  byId("members").classList.toggle("flowing", state.by >= 0 && many <= MANY);
  put(byId("members"), boxes);
  const possible = [...standing].some(card => card >= 0 && cards.cells[card][0] === POSSIBLE);
  const note = !boxes.length
    ? "Nobody, as far as is known."
    : possible
      ? "Possible: rough dates leave open whether it was a member on that day."
      : "";
  say(byId("members-note"), note);
};

const showLead = told => {
  const count = told[0] < 0 ? "" : figures.cells[told[0]][0];
  const lead = byId("lead"),
    words = count && `${readable(count)} ${count === "1" ? "member" : "members"}`;
  if (!state.isHeld) {
    lead.replaceChildren("What was known then, this page does not hold.");
    return;
  }
  lead.replaceChildren(
    made("strong", {}, words || "Nothing is known"),
    ` at the end of ${inWords(iso(state.at))}.`,
  );
};
