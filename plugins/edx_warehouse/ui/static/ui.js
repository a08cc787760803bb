// The theme of Airflow, whose frame this page is in, and its way of going to its own pages: a frame may not open others.
(() => {
  const within = window.parent !== window;
  const follow = () => {
    const theirs = window.parent.document.documentElement.classList;
    for (const name of ["light", "dark"]) document.documentElement.classList.toggle(name, theirs.contains(name));
  };
  try {
    if (within) {
      follow();
      new MutationObserver(follow).observe(window.parent.document.documentElement, { attributeFilter: ["class"] });
    }
  } catch { /* a frame of another site: the browser's theme is kept */ }
  document.addEventListener("click", (event) => {
    const link = event.target.closest("a[data-airflow]");
    if (!link || !within || event.ctrlKey || event.metaKey || event.shiftKey) return;
    event.preventDefault();
    const to = new URL(link.href);
    window.parent.history.pushState({}, "", to.pathname + to.search);
    window.parent.dispatchEvent(new PopStateEvent("popstate", { state: {} }));
  });
  const filter = document.querySelector("input[data-filter]");
  filter?.addEventListener("input", () => {
    const wanted = filter.value.toLowerCase();
    for (const row of document.querySelectorAll("tr[data-name]")) row.hidden = !row.dataset.name.includes(wanted);
  });
})();
