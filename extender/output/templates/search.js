"use strict";
document.documentElement.classList.add("js");

/** Call `show` with those elements whose data-words have all words that are typed, now and whenever they change. */
function searchAmong(entries, show) {
  const words = document.getElementById("words");
  const found = document.getElementById("found");
  const none = document.getElementById("none");
  const search = () => {
    const wanted = words.value.toLowerCase().split(/\s+/).filter(Boolean);
    const fitting = entries.filter((entry) => wanted.every((word) => entry.dataset.words.includes(word)));
    found.textContent = fitting.length === entries.length ? `${entries.length}` : `${fitting.length} of ${entries.length}`;
    none.hidden = fitting.length > 0;
    show(fitting);
  };
  words.addEventListener("input", search);
  search();
}
