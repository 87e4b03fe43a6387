"use strict";
document.documentElement.classList.add("js");

/** Of elements with data-words, show those that have all words typed, and how many; then call `after`. */
function searchAmong(entries, after = () => {}) {
  const words = document.getElementById("words");
  const found = document.getElementById("found");
  const none = document.getElementById("none");
  const show = () => {
    const wanted = words.value.toLowerCase().split(/\s+/).filter(Boolean);
    let count = 0;
    for (const entry of entries) {
      const fits = wanted.every((word) => entry.dataset.words.includes(word));
      entry.hidden = !fits;
      count += fits;
    }
    found.textContent = count === entries.length ? `${count}` : `${count} of ${entries.length}`;
    none.hidden = count > 0;
    after();
  };
  words.addEventListener("input", show);
  show();
}
