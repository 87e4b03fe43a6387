(() => {
  "use strict";
  document.documentElement.classList.add("js");
  const groups = [...document.querySelectorAll(".mixes")];

  // One mix of a scene after the other, at the same place: what differs is then the mix.
  groups.forEach((group) => {
    const audio = group.querySelector("audio");
    const links = [...group.querySelectorAll(".mix")];
    const choose = (link) => {
      if (link.getAttribute("aria-pressed") === "true" && !audio.paused) { audio.pause(); return; }
      groups.forEach((other) => { if (other !== group) other.querySelector("audio").pause(); });
      const time = audio.currentTime;
      links.forEach((each) => each.setAttribute("aria-pressed", String(each === link)));
      if (audio.getAttribute("src") !== link.getAttribute("href")) {
        audio.src = link.getAttribute("href");
        audio.addEventListener("loadedmetadata", () => { audio.currentTime = Math.min(time, audio.duration); }, { once: true });
      }
      audio.play().catch(() => {});
    };
    links.forEach((link, number) => {
      link.setAttribute("role", "button");
      link.setAttribute("aria-pressed", String(number === 0));
      link.addEventListener("click", (event) => { event.preventDefault(); choose(link); });
      link.addEventListener("keydown", (event) => { if (event.key === " ") { event.preventDefault(); choose(link); } });
    });
    if (links.length) audio.src = links[0].getAttribute("href");
  });
  document.documentElement.dataset.ready = "yes";
})();
