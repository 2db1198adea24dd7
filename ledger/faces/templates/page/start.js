// all of it

let reported = -1;
const show = () => {
  const place = Math.max(placeOf(days, state.at), 0);
  const standing = lookUp(cards, data.members.length, place, state.moment);
  const told = lookUp(figures, data.measures.length, place, state.moment);
  const given = new Map(
    [...values].map(([metric, table]) => [metric, lookUp(table, data.members.length, place, state.moment)]),
  );
  showControls();
  say(byId("notice"), state.notice);
  byId("main").classList.toggle("unheld", !state.isHeld);
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
byId("by").append(
  made("option", {value: -1}, "nothing"),
  ...data.attributes.map((name, number) => made("option", {value: number}, name)),
);
byId("grouping").hidden = !data.attributes.length;
for (const id of ["controls", "more", "main"]) byId(id).hidden = false;
fromLink();
bind();
show();
if (state.notice) announce();
