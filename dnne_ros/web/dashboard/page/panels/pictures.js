// Pictures of topics, while somebody looks at them.

import { element, setText } from "../elements.js";

export class PicturesPanel {
  title = "Pictures";
  types = ["images"];

  constructor(page) {
    this.page = page;
    this.shown = new Map();
    this.visible = false;
    this.choices = element("div", { class: "filters", role: "group", "aria-label": "Topics" });
    this.cards = element("div", { class: "cards" });
    this.nothing = element("p", { class: "nothing" },
      "No topic of this ROS domain carries pictures.");
    this.element = element("div", {}, this.nothing, this.choices, this.cards);
    page.feed.addEventListener("image", ({ detail }) => this.#take(detail));
  }

  // What nobody sees is not asked for.
  onShown(shown) {
    if (shown === this.visible) return;
    this.visible = shown;
    for (const topic of this.shown.keys()) this.page.feed.watch(topic, shown);
  }

  refresh() {
    const topics = this.page.feed.imageTopics;
    this.nothing.hidden = topics.length > 0;
    if (topics.join() === this.offered) return;
    this.offered = topics.join();
    this.choices.replaceChildren(...topics.map(topic => element("label", {}, element("input", {
      type: "checkbox", checked: this.shown.has(topic),
      onchange: ({ target }) => this.#show(topic, target.checked) }), topic)));
    if (topics.length === 1 && !this.shown.size) {
      this.choices.querySelector("input").checked = true;
      this.#show(topics[0], true);
    }
  }

  #show(topic, wanted) {
    if (wanted) {
      const image = element("img", { alt: `the latest picture of ${topic}` });
      const note = element("span");
      const card = element("figure", {}, image, element("figcaption", {}, topic, " ", note));
      this.shown.set(topic, { card, image, note });
      this.cards.append(card);
    } else {
      this.shown.get(topic)?.card.remove();
      this.shown.delete(topic);
    }
    this.page.feed.watch(topic, wanted);
  }

  #take({ topic, picture, error }) {
    const place = this.shown.get(topic);
    if (!place) return;
    setText(place.note, error ?? "");
    if (!picture) return;
    const old = place.image.src;
    place.image.src = URL.createObjectURL(picture);
    if (old) URL.revokeObjectURL(old);
  }
}
