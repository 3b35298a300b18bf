// Before anything is drawn: the theme that the reader chose; without a choice, that of the system.
{
  let chosen = null;
  try { chosen = localStorage.getItem("sessiongraph theme"); } catch { /* storage may be off */ }
  if (chosen === "dark" || chosen === "light") document.documentElement.dataset.theme = chosen;
}
