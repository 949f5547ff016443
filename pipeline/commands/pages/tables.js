// Tables of class "sortable" get a field to search in, and heads to sort by.
for (const table of document.querySelectorAll("table.sortable")) {
  const body = table.tBodies[0], rows = [...body.rows];
  const texts = rows.map((row) => row.textContent.toLowerCase());
  const count = table.closest(".table").querySelector(".count");
  const search = table.closest(".table").querySelector("input[type=search]");
  const show = () => {
    const words = search.value.toLowerCase().split(/\s+/);
    let shown = 0;
    rows.forEach((row, i) => {
      row.hidden = !words.every((word) => texts[i].includes(word));
      shown += !row.hidden;
    });
    const all = `${rows.length} ${rows.length === 1 ? "row" : "rows"}`;
    count.textContent = shown === rows.length ? all : `${shown} of ${all}`;
  };
  search.addEventListener("input", show);
  show();

  const key = (row, column) => {
    const cell = row.cells[column];
    if (!cell.classList.contains("number")) return cell.textContent.trim();
    return cell.dataset.value === undefined ? parseFloat(cell.textContent) : parseFloat(cell.dataset.value);
  };
  const compare = (a, b) => {
    if (typeof a === "string") return a.localeCompare(b, undefined, { numeric: true });
    return a - b;
  };
  const heads = [...table.tHead.rows[0].cells];
  heads.forEach((head, column) => {
    head.querySelector("button").addEventListener("click", () => {
      const down = head.getAttribute("aria-sort") === "ascending";
      heads.forEach((each) => each.removeAttribute("aria-sort"));
      head.setAttribute("aria-sort", down ? "descending" : "ascending");
      const keyed = rows.map((row) => [key(row, column), row]);
      const missing = (value) => Number.isNaN(value) || value === "";
      keyed.sort(([a], [b]) => missing(a) - missing(b) || (missing(a) ? 0 : compare(a, b) * (down ? -1 : 1)));
      body.append(...keyed.map(([, row]) => row));
    });
  });
}
