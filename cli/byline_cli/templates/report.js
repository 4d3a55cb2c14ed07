"use strict";
// Sorts the table of texts by the column whose heading is pressed; without this script it is
// complete, in the order of the run.
{
  const table = document.getElementById("texts");
  const names = new Intl.Collator(undefined, { numeric: true }); // text2 before text10
  const value = (row, column) => row.cells[column]?.dataset.value ?? "";
  const compare = (a, b) => {
    if (a === "" || b === "") return (a === "") - (b === "");
    const [x, y] = [Number(a), Number(b)];
    return Number.isNaN(x) || Number.isNaN(y) ? names.compare(a, b) : x - y;
  };
  const headings = [...table.tHead.rows[0].cells];
  const sort = (column) => {
    const heading = headings[column];
    const down = heading.getAttribute("aria-sort") === "ascending";
    for (const other of headings) other.removeAttribute("aria-sort");
    heading.setAttribute("aria-sort", down ? "descending" : "ascending");
    const rows = [...table.tBodies[0].rows];
    // Texts without a value stay at the end, whichever way the others are sorted.
    rows.sort((a, b) => {
      const [x, y] = [value(a, column), value(b, column)];
      return x === "" || y === "" || !down ? compare(x, y) : -compare(x, y);
    });
    table.tBodies[0].append(...rows);
  };
  headings.forEach((heading, column) => {
    if (heading.classList.contains("unsorted")) return;
    const button = document.createElement("button");
    button.type = "button";
    button.append(...heading.childNodes);
    heading.append(button);
    button.addEventListener("click", () => sort(column));
  });
}
