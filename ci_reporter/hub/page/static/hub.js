// What the pages do beside what HTML does: all of it can be done without, but for what changes by itself.
(() => {
  "use strict";

  // ---- Times: "3 min ago", and the whole time on hover, as the reader's clock has it.

  const UNITS = [[86400, "d"], [3600, "h"], [60, "min"]];

  function ago(seconds) {
    const past = Math.abs(seconds);
    const [size, name] = UNITS.find(([size]) => past >= size) || [1, "s"];
    const text = `${Math.floor(past / size)} ${name}`;
    return seconds < -5 ? `in ${text}` : text;
  }

  function tellTimes(root) {
    for (const each of root.querySelectorAll("time[datetime]")) {
      const at = new Date(each.dateTime);
      const passed = (Date.now() - at) / 1000;
      const elapsed = each.closest(".elapsed");
      if (elapsed) elapsed.replaceChildren("for ", each);
      const shown = elapsed || passed < -5 ? ago(passed) : `${ago(passed)} ago`;
      if (each.textContent !== shown) each.textContent = shown;
      each.title = at.toLocaleString();
    }
  }

  // ---- Cookies: the theme and the favourites, which the server reads for its next page.

  const cookie = name => (document.cookie.match(new RegExp(`(?:^|; )${name}=([^;]*)`)) || [, ""])[1];
  const setCookie = (name, value) => {
    document.cookie = `${name}=${value}; Path=/; Max-Age=31536000; SameSite=Lax`;
  };

  document.addEventListener("click", event => {
    const theme = event.target.closest("#theme");
    const star = event.target.closest("button.star");
    if (theme) {
      event.preventDefault();
      const dark = matchMedia("(prefers-color-scheme: dark)").matches;
      const now = document.documentElement.dataset.theme || (dark ? "dark" : "light");
      const next = now === "dark" ? "light" : "dark";
      document.documentElement.dataset.theme = next;
      document.querySelector("meta[name=color-scheme]").content = next;
      setCookie("theme", next);
      document.dispatchEvent(new CustomEvent("theme"));
    } else if (star) {
      event.preventDefault();
      const marked = new Set(cookie("favourites").split(".").filter(Boolean));
      if (!marked.delete(star.value)) marked.add(star.value);
      setCookie("favourites", [...marked].slice(-200).join("."));
      star.setAttribute("aria-pressed", marked.has(star.value));
    }
  });

  function markFavourites(root) {
    const marked = new Set(cookie("favourites").split("."));
    for (const star of root.querySelectorAll("button.star")) star.setAttribute("aria-pressed", marked.has(star.value));
  }

  // ---- Live: a card comes to its place, where the server's order has it. Focus stays on what it was on.

  const MOODS = ["failing", "running", "passing", "unknown"];
  const moodOf = card => MOODS.find(mood => card?.classList.contains(mood));

  function count(mood, by) {
    for (const name of [mood, "all"]) {
      const place = mood && document.getElementById(`count-${name}`);
      if (place) place.textContent = Math.max(0, Number(place.textContent) + by);
    }
    const failing = document.getElementById("count-failing");
    if (failing) document.title = document.title.replace(/^.*? · /, `${failing.textContent} failing · `);
  }

  function placeCard(target, card) {
    const old = document.getElementById(card.id);
    const focused = old?.contains(document.activeElement) ? document.activeElement.className || "a" : null;
    const order = card.dataset.order;
    count(moodOf(old), -1);
    count(moodOf(card), 1);
    if (old && old.dataset.order === order) {
      old.replaceWith(card);
    } else {
      old?.remove();
      const after = [...target.children].find(each => each.dataset.order > order);
      if (after || !target.dataset.more) target.insertBefore(card, after || null);
    }
    if (old && card.isConnected) card.classList.add("changed");
    if (focused && card.isConnected) card.querySelector(focused === "star" ? ".star" : "h2 a").focus();
    markFavourites(card);
    tellTimes(card);
  }

  function removeCard(id) {
    const old = document.getElementById(id);
    count(moodOf(old), old ? -1 : 0);
    old?.remove();
  }

  htmx.registerExtension("cards", {
    handle_swap: (style, target, fragment) => {
      if (style !== "card") return false;
      const cards = [...fragment.children];
      for (const each of cards) each.matches(".gone") ? removeCard(each.id) : placeCard(target, each);
      if (cards.length) document.querySelector(".empty")?.remove();
      return cards;
    },
  });

  // ---- Whether it is live, and how old what is shown may be.

  const live = document.getElementById("live");
  let heardAt = Date.now();

  function tellLive(state) {
    live.dataset.state = state;
    live.textContent = state === "live" ? "live" : `not connected; as of ${new Date(heardAt).toLocaleTimeString()}`;
  }

  document.addEventListener("htmx:sse:after:connection", () => { heardAt = Date.now(); tellLive("live"); });
  document.addEventListener("htmx:sse:after:message", () => { heardAt = Date.now(); });
  for (const name of ["htmx:sse:error", "htmx:sse:before:connection"])
    document.addEventListener(name, event => { if (event.detail.connection?.attempt) tellLive("lost"); });
  document.addEventListener("stale", event => {
    tellLive("live");
    if (event.detail.data) Object.assign(live, { textContent: event.detail.data }).dataset.state = "stale";
  });
  document.addEventListener("htmx:after:swap", () => { tellTimes(document); markFavourites(document); });

  // ---- Forms leave out what is empty, so that addresses stay short.

  document.addEventListener("formdata", event => {
    if (event.target.method !== "get") return;
    for (const [name, value] of [...event.formData]) if (!value) event.formData.delete(name);
  });

  // ---- Keys.

  const dialog = () => document.getElementById("keys");
  const cards = () => [...document.querySelectorAll("#cards h2 a, main tbody th a")];

  function step(by) {
    const all = cards();
    const at = all.findIndex(each => each.closest("article, tr").contains(document.activeElement));
    all[Math.min(all.length - 1, Math.max(0, at + by))]?.focus();
  }

  const KEYS = {
    "/": () => document.querySelector("input[type=search]")?.focus(),
    "?": () => dialog()?.showModal(),
    j: () => step(1),
    k: () => step(-1),
    s: () => document.activeElement?.closest(".card")?.querySelector(".star").click(),
    t: () => document.getElementById("theme")?.click(),
    w: () => { location.href = "/"; },
  };

  document.addEventListener("keydown", event => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.target.closest("input, textarea, select")) return;
    if (KEYS[event.key] && !dialog()?.open) {
      event.preventDefault();
      KEYS[event.key]();
    }
  });

  tellTimes(document);
  setInterval(() => tellTimes(document), 10000);
})();
