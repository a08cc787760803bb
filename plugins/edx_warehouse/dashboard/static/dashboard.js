/* Fills the panels of a page: charts from their JSON, tables and sources from their HTML. */
import { draw } from "./charts.js";

document.documentElement.dataset.scripts = "on";

const get = async (address, type) => {
  const answer = await fetch(address, { headers: { Accept: type }, credentials: "same-origin" });
  if (answer.ok) return answer;
  if (answer.status === 401) throw new Error("Your session has ended. Sign in to Airflow and load the page again.");
  const problem = await answer.json().catch(() => ({}));
  throw new Error(problem.detail || `No answer (${answer.status}).`);
};

const notice = (text) => {
  const paragraph = document.createElement("p");
  paragraph.className = "notice";
  paragraph.textContent = text;
  return paragraph;
};

/* The server's HTML is escaped there, and the page's policy lets no script run that is inside. */
const fill = async (place, address) => {
  try {
    place.innerHTML = await (await get(address, "application/xhtml+xml, */*")).text();
  } catch (error) {
    place.replaceChildren(notice(error.message));
  }
  fold(place);
};

const fold = (place) => {
  for (const row of place.querySelectorAll("[data-below]")) row.hidden = true;
};

const within = (address, part) => {
  const url = new URL(address, location.href);
  url.searchParams.set("part", part);
  return url;
};

const loadPart = (panel, part) => {
  const holder = panel.querySelector(`[data-part="${part}"] [data-content]`);
  return fill(holder, within(panel.dataset.panel + panel.dataset.query, part));
};

const loadDrawing = async (panel) => {
  const place = panel.querySelector("[data-drawing]");
  try {
    const answer = await (await get(`${panel.dataset.panel}.json${panel.dataset.query}`, "application/json")).json();
    if (place) draw(place, answer);
    const made = answer.as_of ? `Tables of ${answer.as_of.slice(0, 16).replace("T", " ")} UTC` : "";
    const hidden = answer.rows.flatMap(Object.values).filter((it) => it === "hidden").length;
    panel.querySelector("[data-as-of]").textContent = hidden
      ? `${made}. ${hidden} ${hidden === 1 ? "number is" : "numbers are"} hidden.`
      : made;
  } catch (error) {
    place?.replaceChildren(notice(error.message));
  } finally {
    place?.removeAttribute("aria-busy");
  }
};

const near = new IntersectionObserver(
  (entries) => {
    for (const entry of entries) {
      if (!entry.isIntersecting) continue;
      near.unobserve(entry.target);
      loadDrawing(entry.target);
      for (const details of entry.target.querySelectorAll("details[data-part][open]")) loadPart(entry.target, details.dataset.part);
    }
  },
  { rootMargin: "600px" },
);

for (const panel of document.querySelectorAll("[data-panel]")) {
  near.observe(panel);
  fold(panel);
  for (const details of panel.querySelectorAll("details[data-part]")) {
    details.addEventListener("toggle", () => {
      if (details.open && !details.dataset.loaded && !details.hasAttribute("data-first")) loadPart(panel, details.dataset.part);
      details.dataset.loaded = "yes";
    });
    if (details.open) details.dataset.loaded = "yes";
  }
}

/* Sort, search and pages of a table replace the table, not the page. */
const replaceTable = async (holder, address) => {
  const focused = document.activeElement?.name;
  const caret = document.activeElement?.selectionStart;
  await fill(holder, within(address, "table"));
  const again = focused && holder.querySelector(`[name="${focused}"]`);
  again?.focus();
  if (again?.setSelectionRange && caret != null) again.setSelectionRange(caret, caret);
};

const addressOf = (form) => `${form.action}?${new URLSearchParams(new FormData(form))}`;

document.addEventListener("click", (event) => {
  const link = event.target.closest("a[data-within]");
  if (link && !event.ctrlKey && !event.metaKey && !event.shiftKey) {
    event.preventDefault();
    replaceTable(link.closest("[data-content]"), link.href);
    return;
  }
  const button = event.target.closest("[data-expand]");
  if (!button) return;
  const open = button.getAttribute("aria-expanded") !== "true";
  button.setAttribute("aria-expanded", String(open));
  button.textContent = open ? "▾" : "▸";
  for (const row of button.closest("table").querySelectorAll(`[data-below="${button.dataset.expand}"]`)) row.hidden = !open;
});

let waiting;
document.addEventListener("input", (event) => {
  const form = event.target.closest(".table-tools");
  if (!form) return;
  clearTimeout(waiting);
  waiting = setTimeout(() => replaceTable(form.closest("[data-content]"), addressOf(form)), 200);
});
document.addEventListener("submit", (event) => {
  const form = event.target.closest(".table-tools");
  if (!form?.closest("[data-content]")) return;
  event.preventDefault();
  replaceTable(form.closest("[data-content]"), addressOf(form));
});
document.addEventListener("change", (event) => event.target.closest("form[data-auto-submit]")?.requestSubmit());
