// The graph as a picture: what is drawn, where it stands, what the mouse and the keys do on it.
import cytoscape from "./cytoscape.esm.min.mjs";

const MANY = 800;
const KEPT = ["name", "type", "colour", "size", "more"];

// The colour that a variable of the stylesheet comes to, light or dark.
function css(name) {
  const probe = document.body.appendChild(document.createElement("i"));
  probe.style.color = `var(${name})`;
  const { color } = getComputedStyle(probe);
  probe.remove();
  return color;
}

function styles(isMany) {
  const colours = Array.from({ length: 9 }, (_, index) => css(`--type-${index}`));
  const text = css("--text"), soft = css("--soft"), card = css("--card"), accent = css("--accent");
  return [
    { selector: "node", style: {
      "background-color": node => colours[node.data("colour")], width: "data(size)", height: "data(size)",
      label: "data(label)", color: text, "font-size": node => 8 + node.data("size") / 3, "text-valign": "bottom", "text-margin-y": 3,
      "text-wrap": "ellipsis", "text-max-width": 130, "min-zoomed-font-size": 8,
      "text-background-color": card, "text-background-opacity": isMany ? 0 : 0.75, "text-background-padding": 1 } },
    { selector: "node[?more]", style: { "border-width": 3, "border-style": "double", "border-color": text } },
    { selector: "node.start", style: { "font-weight": "bold" } },
    { selector: "edge", style: {
      width: 1.4, "line-color": soft, "line-opacity": 0.6, "curve-style": isMany ? "straight" : "bezier",
      "target-arrow-shape": "triangle", "target-arrow-color": soft, "arrow-scale": 0.8,
      label: isMany ? "" : "data(label)", color: soft, "font-size": 10, "text-rotation": "autorotate",
      "text-wrap": "ellipsis", "text-max-width": 110, "min-zoomed-font-size": 8,
      "text-background-color": card, "text-background-opacity": 0.85, "text-background-padding": 1 } },
    { selector: "edge[?over]", style: { "line-style": "dashed", "line-opacity": 0.4 } },
    { selector: "node.near", style: { "border-width": 2, "border-style": "solid", "border-color": accent } },
    { selector: "edge.near", style: { "line-color": accent, "target-arrow-color": accent, "line-opacity": 1, width: 2 } },
    { selector: ".chosen", style: {
      "border-width": 5, "border-style": "solid", "border-color": accent, "font-weight": "bold", "z-index": 10,
      "line-color": accent, "target-arrow-color": accent, "min-zoomed-font-size": 0 } },
  ];
}

export class Picture {
  // `on` has what happens: choose(id or null, isEdge), expand(id), settled().
  constructor(place, on) {
    this.on = on;
    this.places = new Map();
    this.cy = cytoscape({
      container: place, style: styles(false), layout: { name: "preset" }, minZoom: 0.03, maxZoom: 4,
      selectionType: "single", autounselectify: true, boxSelectionEnabled: false,
    });
    this.cy.on("tap", event => {
      const it = event.target;
      on.choose(it === this.cy ? null : it.id(), it !== this.cy && it.isEdge());
    });
    this.cy.on("dbltap", "node", event => on.expand(event.target.id()));
    this.cy.on("drag", "node", () => this.stop());
    this.cy.on("free", "node", event => this.places.set(event.target.id(), { ...event.target.position() }));
    const restyle = () => this.cy.style(styles(this.isMany));
    new MutationObserver(restyle).observe(document.documentElement, { attributeFilter: ["data-theme"] });
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", restyle);
  }

  get isMany() { return this.cy.nodes().length > MANY; }

  // Shows exactly these. What was shown before stays where it stands.
  show(nodes, edges) {
    const cy = this.cy, wasMany = this.isMany;
    const wanted = new Set([...nodes, ...edges].map(it => it.data.id));
    let isNew = false;
    cy.batch(() => {
      cy.elements().filter(it => !wanted.has(it.id())).remove();
      const near = new Map();
      for (const { data } of edges) { near.set(data.source, data.target); near.set(data.target, data.source); }
      const added = [];
      for (const node of nodes) {
        const there = cy.getElementById(node.data.id);
        if (there.length) {
          // What did not change is not drawn anew.
          if (KEPT.some(key => there.data(key) !== node.data[key])) there.data(node.data);
          if (there.hasClass("start") !== (node.classes === "start")) there.toggleClass("start");
          continue;
        }
        if (!this.places.has(node.data.id)) { isNew = true; this.places.set(node.data.id, this.beside(near.get(node.data.id))); }
        added.push({ group: "nodes", ...node, position: { ...this.places.get(node.data.id) } });
      }
      for (const edge of edges) {
        const there = cy.getElementById(edge.data.id);
        if (!there.length) added.push({ group: "edges", ...edge });
      }
      cy.add(added);
    });
    if (this.isMany !== wasMany) cy.style(styles(this.isMany));
    if (isNew) this.arrange(); else this.on.settled();
  }

  // A place for what is new: near what it is joined with.
  beside(id) {
    const at = this.places.get(id) ?? { x: 0, y: 0 };
    const spread = this.places.has(id) ? 60 : 300;
    return { x: at.x + (Math.random() - 0.5) * spread, y: at.y + (Math.random() - 0.5) * spread };
  }

  stop() { this.worker?.terminate(); this.worker = null; }

  arrange() {
    this.stop();
    const nodes = this.cy.nodes().toArray(), numbers = new Map(nodes.map((it, index) => [it.id(), index]));
    const links = this.cy.edges().map(it => ({ source: numbers.get(it.data("source")), target: numbers.get(it.data("target")) }));
    const isStill = matchMedia("(prefers-reduced-motion: reduce)").matches;
    const worker = this.worker = new Worker(new URL("layout_worker.js", import.meta.url));
    // Few have room for their words; in a narrow picture words are told apart only where it is drawn large.
    const spread = this.cy.width() < 500 ? 0.7 : nodes.length < 100 ? 1.5 : 1;
    let isFirst = true;
    worker.onmessage = ({ data: { places, isLast } }) => {
      if (worker !== this.worker) return;
      this.cy.batch(() => nodes.forEach((node, index) => {
        const at = { x: places[2 * index], y: places[2 * index + 1] };
        this.places.set(node.id(), at);
        if (!node.removed()) node.position(at);
      }));
      if (isFirst || isLast) this.fit();
      isFirst = false;
      if (isLast) { this.stop(); this.on.settled(); }
    };
    worker.onerror = () => { this.stop(); this.on.settled(); };
    worker.postMessage({
      nodes: nodes.map(it => ({ ...it.position() })), links, spread,
      every: isStill ? Infinity : nodes.length > MANY ? 700 : 60,
    });
  }

  fit() { this.cy.resize(); this.cy.fit(undefined, 40); if (this.cy.zoom() > 1.3) { this.cy.zoom(1.3); this.cy.center(); } }

  zoom(times) { this.cy.zoom({ level: this.cy.zoom() * times, renderedPosition: { x: this.cy.width() / 2, y: this.cy.height() / 2 } }); }

  // Marks an entity or fact and what is next to it; with `isMoved`, it is brought into the picture.
  choose(id, isMoved = false) {
    const cy = this.cy;
    cy.batch(() => {
      cy.elements().removeClass("chosen near");
      const it = id ? cy.getElementById(id) : cy.collection();
      it.addClass("chosen");
      (it.isNode?.() ? it.neighborhood() : it.connectedNodes?.() ?? cy.collection()).addClass("near");
    });
    const it = id ? cy.getElementById(id) : cy.collection();
    if (isMoved && it.length && !this.sees(it)) cy.animate({ center: { eles: it }, duration: 150 });
  }

  sees(it) {
    const { x1, y1, x2, y2 } = it.renderedBoundingBox();
    return x1 >= 0 && y1 >= 0 && x2 <= this.cy.width() && y2 <= this.cy.height();
  }

  // The entity that lies nearest to `id` in a direction; without one, the first.
  towards(id, dx, dy) {
    const from = id && this.cy.getElementById(id);
    if (!from?.length || !from.isNode()) return this.cy.nodes()[0]?.id() ?? null;
    const at = from.position();
    let best = null, least = Infinity;
    for (const node of this.cy.nodes().toArray()) {
      const x = node.position("x") - at.x, y = node.position("y") - at.y;
      const along = x * dx + y * dy, aside = Math.abs(x * dy) + Math.abs(y * dx);
      if (along <= 0 || node.id() === id) continue;
      const cost = along + 2 * aside;
      if (cost < least) { least = cost; best = node.id(); }
    }
    return best;
  }
}
