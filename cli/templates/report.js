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
  const [some, all] = [shown, rows.length].map((it) => it.toLocaleString("en"));
  at("shown").textContent = shown === rows.length ? `${all} keys` : `${some} of ${all} keys`;
  at("none").hidden = shown > 0;
}

form.addEventListener("input", choose);
form.addEventListener("submit", (event) => event.preventDefault());
form.addEventListener("reset", () => setTimeout(choose));

// What is folded away would be missing on paper.
addEventListener("beforeprint", () => document.querySelectorAll("details").forEach((it) => (it.open = true)));

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
