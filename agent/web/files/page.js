"use strict";
// The page works without this: it saves a reload after every tap and keeps the numbers fresh.
(() => {
  const zh = document.documentElement.lang.startsWith("zh");

  // --- wishes ------------------------------------------------------------------------------

  let notice = document.querySelector(".notice[role=status]");
  function say(text, bad) {
    if (!notice) {
      notice = document.createElement("p");
      notice.setAttribute("role", "status");
      document.querySelector("main").prepend(notice);
    }
    notice.className = bad ? "notice bad" : "notice";
    notice.textContent = text;
  }

  async function ask(path, said) {
    let reply;
    try {
      reply = await fetch(path, {
        method: "POST",
        headers: { "Content-Type": "application/json", Accept: "application/json" },
        body: JSON.stringify(said),
      });
    } catch {
      say(zh ? "网关没有应答，请检查网络。" : "The gateway does not answer; check the network.", true);
      return;
    }
    if (reply.status === 401) {
      location.href = "/login?next=" + location.pathname;
      return;
    }
    const end = await reply.json();
    if (reply.ok) {
      const later = end.outcome === "under_way";
      say(later ? (zh ? "正在进行，稍后生效。" : "Under way; it will take a moment.") : zh ? "已完成。" : "Done.");
    } else {
      say((zh ? "没有执行：" : "Not done: ") + (zh && end.zh ? end.zh : end.error), true);
    }
    refresh();
  }

  // A gateway that was just set up starts again: its homes are there when it reads.
  async function untilHomes() {
    try {
      const live = await (await fetch("/api/live")).json();
      if (live.homes.some((home) => home.age_s !== null)) location.href = "/";
    } catch {
      // it is starting
    }
  }
  if (document.querySelector("[data-until-homes]")) setInterval(untilHomes, 2000);

  // A test is under way: look again until it is over.
  if (document.querySelector("[data-again]")) setTimeout(() => location.reload(), 5000);

  document.addEventListener("submit", (event) => {
    const form = event.target;
    if (!("quick" in form.dataset)) return;
    event.preventDefault();
    ask(form.getAttribute("action"), Object.fromEntries(new FormData(form, event.submitter)));
  });

  // Taps on + and - are gathered: the heat pump hears of the last one.
  let turning = null;
  function turned() {
    const { form, value, timer } = turning;
    clearTimeout(timer);
    turning = null;
    ask(form.getAttribute("action"), { device: form.elements.device.value, value });
  }
  document.addEventListener("click", (event) => {
    const button = event.target.closest("[data-dial] button");
    if (!button) return;
    event.preventDefault();
    const form = button.form;
    if (turning && turning.form !== form) turned();
    const step = Number(form.dataset.step) * (button.id.startsWith("less") ? -1 : 1);
    const shown = form.querySelector("output");
    const now = turning?.form === form ? turning.value : parseFloat(shown.textContent);
    const value = Math.min(Number(form.dataset.high), Math.max(Number(form.dataset.low), now + step));
    clearTimeout(turning?.timer);
    shown.textContent = value.toFixed(1) + " °C";
    shown.classList.add("turning");
    turning = { form, value, timer: setTimeout(turned, 1200) };
  });

  // --- live --------------------------------------------------------------------------------

  function put(pieces) {
    for (const [id, html] of Object.entries(pieces)) {
      const piece = document.getElementById(id);
      if (!piece || (turning && piece.contains(turning.form))) continue;
      const focused = piece.contains(document.activeElement) ? document.activeElement : null;
      if (focused?.matches("input")) continue;
      const open = new Set([...piece.querySelectorAll("details[open]")].map(keyOf));
      const typed = [...piece.querySelectorAll("input")].filter((one) => one.value !== one.defaultValue);
      piece.innerHTML = html;
      for (const one of typed) keepTyped(piece, one);
      piece.querySelectorAll("details").forEach((one) => (one.open = open.has(keyOf(one))));
      if (focused?.id) document.getElementById(focused.id)?.focus();
    }
  }

  // Which of several that fold: by its own id, else by that of what it is in, and its place there.
  function keyOf(one) {
    const around = one.closest("[id]");
    return around.id + [...around.querySelectorAll("details")].indexOf(one);
  }

  // What was typed and not sent yet stays, in the same field of the same form.
  function keepTyped(piece, one) {
    const form = one.form?.id ? "#" + one.form.id : `form[action="${one.form?.getAttribute("action")}"]`;
    const field = piece.querySelector(`${form} input[name="${one.name}"]`);
    if (field) field.value = one.value;
  }

  let stream = null;
  function listen() {
    if (!document.querySelector("#state, #setup") || stream || document.hidden) return;
    stream = new EventSource("/events" + location.search);
    stream.onmessage = (event) => {
      document.body.classList.remove("cut");
      put(JSON.parse(event.data));
    };
    stream.onerror = () => {
      document.body.classList.add("cut");
      if (stream?.readyState === EventSource.CLOSED) {
        stream = null;
        setTimeout(listen, 30000);
      }
    };
  }
  function refresh() {
    stream?.close();
    stream = null;
    listen();
  }
  document.addEventListener("visibilitychange", () => {
    if (document.hidden) {
      stream?.close();
      stream = null;
    } else listen();
  });
  addEventListener("pagehide", () => stream?.close());
  listen();

  // --- the week plan -----------------------------------------------------------------------

  const plan = document.getElementById("plan");
  if (plan) {
    const steps = plan.querySelector(".steps");
    plan.querySelector(".text").hidden = true;
    const add = plan.querySelector(".add");
    add.hidden = false;
    for (const step of steps.children) step.hidden = false;
    add.addEventListener("click", () => {
      steps.append(plan.querySelector("template").content.cloneNode(true));
      steps.lastElementChild.hidden = false;
      steps.lastElementChild.querySelector("input").focus();
    });
    steps.addEventListener("click", (event) => {
      const step = event.target.closest("li");
      if (event.target.matches(".delete")) step.remove();
      if (!event.target.matches(".less, .more")) return;
      const shown = step.querySelector("output");
      const by = Number(plan.dataset.step) * (event.target.matches(".less") ? -1 : 1);
      const value = Number(shown.textContent) + by;
      shown.textContent = Math.min(Number(plan.dataset.high), Math.max(Number(plan.dataset.low), value));
    });
    plan.addEventListener("submit", () => {
      plan.elements.plan.value = [...steps.children]
        .map((step) => {
          const days = [...step.querySelectorAll(".days input:checked")].map((one) => one.value);
          const clock = step.querySelector("input[type=time]").value;
          return days.length ? `${days.join(" ")} ${clock} ${step.querySelector("output").textContent}` : "";
        })
        .filter(Boolean)
        .join("; ");
    });
  }
})();
