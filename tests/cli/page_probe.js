// Uses the page as a reader would, and tells the page around it what it saw.
(async () => {
  const seen = { width: innerWidth, content: document.documentElement.scrollWidth, dark: matchMedia("(prefers-color-scheme: dark)").matches };
  const at = (id) => document.getElementById(id);
  const shown = () => [...document.querySelectorAll("#keys tbody tr")].filter((row) => row.offsetHeight).map((row) => row.querySelector("code").textContent.split(" ")[0]);
  const change = (id, value) => {
    if (typeof value === "boolean") at(id).checked = value;
    else at(id).value = value;
    at(id).dispatchEvent(new Event("input", { bubbles: true }));
  };
  const reset = async () => {
    document.querySelector("button[type=reset]").click();
    await new Promise((done) => setTimeout(done, 20));
  };
  seen.all = shown();
  change("search", "TRANSLATOR vision");
  seen.searched = shown();
  seen.said = at("shown").textContent;
  await reset();
  change("state", "unmanaged");
  seen.unmanaged = shown();
  change("search", "no such key");
  seen.nothing = shown();
  seen.nothingSaid = at("none").offsetHeight > 0;
  await reset();
  change("concerned", true);
  seen.concerned = shown();
  await reset();
  change("stack", "staging");
  seen.staging = shown();
  await reset();
  seen.again = shown();
  document.querySelectorAll("#keys thead button")[3].click();
  seen.sorted = [...document.querySelectorAll("#keys tbody tr")].map((row) => row.cells[3].textContent);
  seen.resources = performance.getEntriesByType("resource").map((it) => it.name);
  seen.wide = [...document.querySelectorAll("main *")].filter((it) => !it.closest(".scroll") && it.getBoundingClientRect().right > innerWidth + 1).map((it) => it.outerHTML.slice(0, 80));

  const canvas = document.createElement("canvas").getContext("2d", { willReadFrequently: true });
  const rgba = (colour) => {
    canvas.clearRect(0, 0, 1, 1);
    canvas.fillStyle = colour;
    canvas.fillRect(0, 0, 1, 1);
    return canvas.getImageData(0, 0, 1, 1).data;
  };
  const light = (colour) => {
    const [r, g, b] = [...rgba(colour)].map((it) => (it / 255 <= 0.04045 ? it / 255 / 12.92 : ((it / 255 + 0.055) / 1.055) ** 2.4));
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const behind = (it) => {
    const colour = getComputedStyle(it).backgroundColor;
    return rgba(colour)[3] === 255 || !it.parentElement ? colour : behind(it.parentElement);
  };
  seen.faintest = [...document.querySelectorAll("body *")]
    .filter((it) => it.offsetHeight && !it.closest("svg") && [...it.childNodes].some((node) => node.nodeType === 3 && node.data.trim()))
    .map((it) => {
      const [a, b] = [light(getComputedStyle(it).color), light(behind(it))].sort();
      return [(b + 0.05) / (a + 0.05), it.outerHTML.slice(0, 80)];
    })
    .sort((a, b) => a[0] - b[0])[0];
  const paper = document.querySelector(".tl-paper");
  const onPaper = (colour) => {
    const [a, b] = [light(colour), light(getComputedStyle(paper).fill)].sort((one, other) => one - other);
    return (b + 0.05) / (a + 0.05);
  };
  const marks = { ".tl-hatch": "stroke", ".tl-frozen": "stroke", ".tl-window": "fill", ".tl-wait": "stroke", "svg text": "fill" };
  seen.marks = Object.entries(marks).flatMap(([name, painted]) => [...document.querySelectorAll(name)].map((it) => [name, onPaper(getComputedStyle(it)[painted])]));
  const svg = document.querySelector("svg");
  seen.cut = [...document.querySelectorAll("svg text")].filter((it) => it.getBoundingClientRect().right > svg.getBoundingClientRect().right).map((it) => it.textContent);
  seen.overlapping = [...document.querySelectorAll("svg > g[transform] text")].filter((it) => it.nextElementSibling && it.nextElementSibling.getBoundingClientRect().top < it.getBoundingClientRect().bottom && it.getBoundingClientRect().right > it.nextElementSibling.getBoundingClientRect().left).map((it) => it.textContent);
  seen.unreachable = [...document.querySelectorAll("a[href], button, input, select, summary, .scroll")].filter((it) => it.offsetHeight && it.tabIndex < 0).length;
  parent.postMessage(JSON.stringify(seen), "*");
})();
