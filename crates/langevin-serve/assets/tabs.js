// tabs.js: tabs as the WAI-ARIA authoring practices describe them, with the chosen one in the address's fragment.

import { $$ } from "./dom.js";

/** Arrow keys, Home and End move between the tabs; `chosen(name)` is called for each that is shown. */
export function makeTabs(list, chosen = () => {}) {
  const tabs = $$('[role="tab"]', list);
  const name = (tab) => tab.getAttribute("aria-controls").replace("panel-", "");

  function choose(tab) {
    for (const one of tabs) {
      const here = one === tab;
      one.setAttribute("aria-selected", String(here));
      one.tabIndex = here ? 0 : -1;
      document.getElementById(one.getAttribute("aria-controls")).hidden = !here;
    }
    chosen(name(tab));
  }

  function byFragment() {
    return tabs.find((tab) => `#${name(tab)}` === location.hash);
  }

  function take(tab) {
    choose(tab);
    history.replaceState(null, "", `#${name(tab)}`);
  }

  for (const tab of tabs) {
    tab.addEventListener("click", () => take(tab));
    tab.addEventListener("keydown", (event) => {
      const at = tabs.indexOf(tab);
      const to = { ArrowLeft: at - 1, ArrowRight: at + 1, Home: 0, End: tabs.length - 1 }[event.key];
      if (to === undefined) return;
      event.preventDefault();
      const next = tabs.at(to % tabs.length);
      next.focus();
      take(next);
    });
  }
  addEventListener("hashchange", () => byFragment() && choose(byFragment()));
  choose(byFragment() ?? tabs[0]);
}
