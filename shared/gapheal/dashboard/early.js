// Before the first paint: the theme that was chosen here, if one was.
try {
  const chosen = localStorage.getItem("gapheal-theme");
  if (chosen === "dark" || chosen === "light") document.documentElement.dataset.theme = chosen;
} catch (error) {
  // Storage may be forbidden: then the system's theme it is.
}
