(() => {
  "use strict";
  const page = document.documentElement;
  page.classList.add("js");
  const all = (selector) => [...document.querySelectorAll(selector)];
  const mix = document.getElementById("mix");
  const playButton = document.getElementById("play");
  const seek = document.getElementById("seek");
  const now = document.getElementById("now");
  const heads = all(".playhead");
  const duration = Number(document.getElementById("listen").dataset.duration);
  const calm = window.matchMedia("(prefers-reduced-motion: reduce)");

  // Browsers seek in a Blob where some of them cannot in a data: address.
  const blobbed = new Map();
  const ready = (audio) => {
    if (!blobbed.has(audio)) {
      const [head, body] = audio.src.split(",", 2);
      const bytes = Uint8Array.from(atob(body), (c) => c.charCodeAt(0));
      blobbed.set(audio, URL.createObjectURL(new Blob([bytes], { type: head.slice(5).split(";")[0] })));
      audio.src = blobbed.get(audio);
    }
    return audio;
  };

  const clock = (s) => {
    const whole = Math.floor(s);
    const pad = (n) => String(n).padStart(2, "0");
    const [h, m] = [Math.floor(whole / 3600), Math.floor(whole / 60) % 60];
    return h ? `${h}:${pad(m)}:${pad(whole % 60)}` : `${m}:${pad(whole % 60)}`;
  };

  // One sound at a time: each by itself, or the mix.
  const players = new Map(all("audio[id^=sound-]").map((audio) => [audio.id.slice(6), audio]));
  const stopAll = (but) => [mix, ...players.values()].forEach((audio) => audio && audio !== but && audio.pause());
  const start = (audio) => { stopAll(audio); ready(audio).play().catch(() => show()); };

  const heard = all("[data-spans]").map((item) => ({
    marks: all(`[data-heard="${item.dataset.heard}"]`),
    spans: item.dataset.spans.split(";").map((span) => span.split(",").map(Number)),
  }));
  const light = (time) => heard.forEach(({ marks, spans }) => {
    const on = time !== null && spans.some(([from, to]) => from <= time && time < to);
    marks.forEach((mark) => mark.classList.toggle("heard", on));
  });

  const show = () => {
    all("[data-play]").forEach((button) => {
      const audio = players.get(button.dataset.play);
      button.setAttribute("aria-pressed", String(Boolean(audio && !audio.paused)));
    });
    if (!mix) return;
    const time = Math.min(mix.currentTime, Number(seek.max));
    playButton.setAttribute("aria-pressed", String(!mix.paused));
    playButton.setAttribute("aria-label", mix.paused ? "Play the mix" : "Pause the mix");
    seek.value = time;
    seek.setAttribute("aria-valuetext", `${clock(time)} of ${clock(Number(seek.max))}`);
    now.textContent = clock(time);
    heads.forEach((head) => { head.style.left = `${100 * time / duration}%`; });
    light(mix.paused && !time ? null : time);
  };

  const follow = () => {
    show();
    if (mix.paused) return;
    if (calm.matches) setTimeout(follow, 500); else requestAnimationFrame(follow);
  };

  players.forEach((audio) => ["play", "pause", "ended"].forEach((event) => audio.addEventListener(event, show)));
  all("[data-play]").forEach((button) => button.addEventListener("click", () => {
    const audio = players.get(button.dataset.play);
    if (!audio) return;
    if (audio.paused) { if (blobbed.has(audio)) audio.currentTime = 0; start(audio); } else audio.pause();
  }));

  if (mix) {
    ready(mix);
    const jump = (time) => { mix.currentTime = Math.max(0, Math.min(time, Number(seek.max))); show(); };
    playButton.addEventListener("click", () => {
      if (!mix.paused) { mix.pause(); return; }
      if (mix.ended) mix.currentTime = 0;
      start(mix);
    });
    mix.addEventListener("play", follow);
    ["pause", "seeked", "ended"].forEach((event) => mix.addEventListener(event, show));
    seek.addEventListener("input", () => jump(Number(seek.value)));
    all("[data-seek]").forEach((surface) => surface.addEventListener("click", (event) => {
      const box = surface.getBoundingClientRect();
      jump(duration * (event.clientX - box.left) / box.width);
    }));
    show();
  }
  page.dataset.ready = "yes";
})();
