/* Before anything is drawn: as Airflow around it, or as chosen here, or as the system. */
(() => {
  const outer = () => {
    try {
      return window.parent === window ? null : window.parent.document.documentElement;
    } catch {
      return null;
    }
  };
  const system = () => (matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light");
  const current = () => {
    const around = outer();
    if (around?.classList.contains("dark")) return "dark";
    if (around?.classList.contains("light")) return "light";
    return localStorage.getItem("edx-warehouse-theme") || system();
  };
  const apply = () => {
    const theme = current();
    if (document.documentElement.dataset.theme === theme) return;
    document.documentElement.dataset.theme = theme;
    dispatchEvent(new Event("themechange"));
  };
  apply();
  if (outer()) {
    new MutationObserver(apply).observe(outer(), { attributes: true, attributeFilter: ["class"] });
    document.documentElement.dataset.within = "airflow";
  }
  addEventListener("DOMContentLoaded", () => {
    document.querySelector("[data-theme-toggle]")?.addEventListener("click", () => {
      localStorage.setItem("edx-warehouse-theme", current() === "dark" ? "light" : "dark");
      apply();
    });
  });
})();
