"use strict";
// Finding, folding and walking. Without it the page is whole: every step unfolds by itself.
(() => {
  const byId = (id) => document.getElementById(id);
  const turns = [...document.querySelectorAll("details.turn")];
  const find = byId("find"), only = byId("only"), step = byId("step"), told = byId("told");
  const words = new Map(); // lower-case text of a step, read when it is first looked for
  const textOf = (turn) => {
    if (!words.has(turn)) words.set(turn, turn.textContent.toLowerCase());
    return words.get(turn);
  };
  const visible = () => turns.filter((turn) => !turn.hidden);
  byId("bar").hidden = false;

  function filter() {
    const wanted = find.value.toLowerCase(), kind = only.value;
    let kept = 0;
    for (const turn of turns) {
      const fits = (!kind || turn.dataset.has.split(" ").includes(kind)) && (!wanted || textOf(turn).includes(wanted));
      turn.hidden = !fits;
      kept += fits;
    }
    byId("count").value = kept === turns.length ? "" : `${kept} of ${turns.length}`;
  }

  let at = null;
  function go(turn) {
    if (!turn) return;
    if (turn.hidden) { find.value = only.value = ""; filter(); }
    at = turn;
    turn.open = true;
    turn.scrollIntoView({ block: "start" });
    turn.querySelector("summary").focus({ preventScroll: true });
  }
  function walk(by) {
    const here = visible(), place = here.indexOf(at);
    go(here[place < 0 ? (by > 0 ? 0 : here.length - 1) : place + by]);
  }
  function fold(open) {
    for (const turn of visible()) turn.open = open;
  }
  const named = () => location.hash.startsWith("#s") && byId(location.hash.slice(1));

  let waiting;
  find.addEventListener("input", () => { clearTimeout(waiting); waiting = setTimeout(filter, 150); });
  only.addEventListener("change", filter);
  step.addEventListener("change", () => go(byId("s" + step.value)));
  byId("on").addEventListener("click", () => walk(1));
  byId("back").addEventListener("click", () => walk(-1));
  byId("open").addEventListener("click", () => fold(true));
  byId("fold").addEventListener("click", () => fold(false));
  const keys = { j: () => walk(1), k: () => walk(-1), e: () => fold(true), f: () => fold(false) };
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.target.closest("input, select")) return;
    if (event.key === "/") { event.preventDefault(); find.focus(); return; }
    keys[event.key]?.();
  });
  document.addEventListener("click", (event) => {
    const burst = event.target.closest(".bursts b, .bursts i");
    told.hidden = !burst;
    told.value = burst ? `${burst.textContent}\n${burst.title}` : "";
  });
  addEventListener("hashchange", () => go(named()));
  let folded = [];
  addEventListener("beforeprint", () => {
    folded = [...document.querySelectorAll("details:not([open])")].filter((each) => !each.closest("[hidden]"));
    for (const each of folded) each.open = true;
  });
  addEventListener("afterprint", () => { for (const each of folded) each.open = false; });
  go(named());
})();
