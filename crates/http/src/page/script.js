"use strict";
// Puts newer content in place as it comes. Without this script the document is whole, and loads itself anew.
(() => {
  const main = document.querySelector("main");
  const live = document.getElementById("live");
  const button = document.getElementById("pause");
  const parser = new DOMParser();
  let source = null;
  let paused = false;

  const say = (text, state) => {
    if (live.textContent !== text) live.textContent = text;
    live.dataset.state = state;
  };

  // Makes `old` like `fresh` with as little change as possible: focus, selection and scroll stay where they are.
  const morph = (old, fresh) => {
    const before = [...old.childNodes];
    const after = [...fresh.childNodes];
    after.forEach((node, index) => {
      const there = before[index];
      if (!there) {
        old.append(document.importNode(node, true));
      } else if (there.nodeType !== node.nodeType || there.nodeName !== node.nodeName) {
        there.replaceWith(document.importNode(node, true));
      } else if (node.nodeType !== Node.ELEMENT_NODE) {
        if (there.nodeValue !== node.nodeValue) there.nodeValue = node.nodeValue;
      } else {
        for (const { name } of [...there.attributes]) {
          if (!node.hasAttribute(name)) there.removeAttribute(name);
        }
        for (const { name, value } of [...node.attributes]) {
          if (there.getAttribute(name) !== value) there.setAttribute(name, value);
        }
        morph(there, node);
      }
    });
    before.slice(after.length).forEach((node) => node.remove());
  };

  const close = () => {
    if (source) source.close();
    source = null;
  };

  const open = () => {
    if (source || paused || document.hidden) return;
    source = new EventSource("v1/events?as=html");
    source.addEventListener("page", (event) => {
      morph(main, parser.parseFromString(event.data, "text/html").body);
      say("live", "live");
    });
    source.addEventListener("error", () => {
      say("connection lost", "lost");
      // A refusal is final for the browser; a connection that breaks is not.
      if (source && source.readyState === EventSource.CLOSED) {
        close();
        setTimeout(open, 5000);
      }
    });
  };

  button.hidden = false;
  button.addEventListener("click", () => {
    paused = !paused;
    button.textContent = paused ? "Go on" : "Pause";
    if (paused) {
      close();
      say("paused", "paused");
    } else {
      open();
    }
  });
  document.addEventListener("visibilitychange", () => (document.hidden ? close() : open()));
  open();
})();
