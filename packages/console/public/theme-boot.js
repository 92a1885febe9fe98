// Runs before the first paint, so that a chosen theme never flashes in the other one. The rest is src/app/theme.ts.
{
  const chosen = localStorage.getItem("quorate.theme");
  if (chosen === "light" || chosen === "dark") document.documentElement.dataset.theme = chosen;
}
