"use strict";
const rows = [...document.querySelectorAll("#keys tbody tr")];
const texts = rows.map((row) => row.textContent.toLowerCase());
const at = (id) => document.getElementById(id);
const body = document.querySelector("#keys tbody");
const form = document.querySelector(".filters");

function choose() {
  const words = at("search").value.toLowerCase().split(/\s+/).filter(Boolean);
  const wanted = ["state", "stack", "owner"].filter((id) => at(id)?.value);
  let shown = 0;
  rows.forEach((row, number) => {
    const fits =
      words.every((word) => texts[number].includes(word)) &&
      wanted.every((id) => row.dataset[id] === at(id).value) &&
      (!at("concerned").checked || "concerned" in row.dataset);
    row.hidden = !fits;
    shown += fits;
  });
  at("shown").textContent = shown === rows.length ? `${shown} keys` : `${shown} of ${rows.length} keys`;
  at("none").hidden = shown > 0;
}

form.addEventListener("input", choose);
form.addEventListener("submit", (event) => event.preventDefault());
form.addEventListener("reset", () => setTimeout(choose));

document.querySelectorAll("#keys thead th").forEach((title, column) => {
  title.firstChild.addEventListener("click", () => {
    const up = title.getAttribute("aria-sort") !== "ascending";
    document.querySelectorAll("#keys thead th").forEach((it) => it.setAttribute("aria-sort", "none"));
    title.setAttribute("aria-sort", up ? "ascending" : "descending");
    const of = new Map(rows.map((row) => [row, row.cells[column].textContent]));
    const sorted = [...rows].sort((a, b) => (of.get(a) < of.get(b) ? -1 : of.get(a) > of.get(b) ? 1 : 0));
    body.append(...(up ? sorted : sorted.reverse()));
  });
});
