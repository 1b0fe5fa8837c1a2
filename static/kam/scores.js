// The grid of scores by keyboard: arrows and Enter move between fields, the criterion of the field is explained below.
(() => {
  "use strict";
  const form = document.querySelector("form[data-grid]");
  if (!form) return;
  const now = form.querySelector("[data-anchor-now]");
  const cells = [...form.querySelectorAll("tbody tr")].map((row) => [...row.querySelectorAll("input.cell")]);
  const place = (field) => {
    const row = cells.findIndex((list) => list.includes(field));
    return [row, row < 0 ? -1 : cells[row].indexOf(field)];
  };
  const go = (row, column) => {
    const field = cells[row]?.[column];
    if (!field) return false;
    field.focus();
    return true;
  };
  const down = (field, step) => {
    const [from, column] = place(field);
    for (let row = from + step; row >= 0 && row < cells.length; row += step) if (go(row, column)) return true;
    return false;
  };
  const across = (field, step) => {
    const [row, column] = place(field);
    return go(row, column + step);
  };
  // Left and right leave the field at its ends, or at once while all of it is selected.
  const atEnd = (field, step) => {
    const { selectionStart: start, selectionEnd: end, value } = field;
    if (start === 0 && end === value.length) return true;
    return start === end && (step < 0 ? start === 0 : end === value.length);
  };
  form.addEventListener("focusin", ({ target }) => {
    if (!target.matches("input.cell")) return;
    target.select();
    const anchor = form.querySelector(`#anchor-${CSS.escape(target.dataset.code)}`);
    if (anchor && now) now.replaceChildren(...[...anchor.cloneNode(true).children].flatMap((part) => [...part.childNodes, " "]));
  });
  form.addEventListener("keydown", (event) => {
    const field = event.target;
    if (!field.matches("input.cell") || event.altKey || event.metaKey) return;
    if (event.ctrlKey) {
      if (event.key === "Enter") form.requestSubmit();
      return;
    }
    const moves = {
      ArrowUp: () => down(field, -1),
      ArrowDown: () => down(field, 1),
      Enter: () => down(field, event.shiftKey ? -1 : 1),
      ArrowLeft: () => atEnd(field, -1) && across(field, -1),
      ArrowRight: () => atEnd(field, 1) && across(field, 1),
    };
    const move = moves[event.key];
    if (!move) return;
    if (move() || event.key === "Enter") event.preventDefault();
  });
})();
