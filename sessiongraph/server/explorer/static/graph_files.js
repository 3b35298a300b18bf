// What is shown of a graph, as files: PNG, SVG and GraphML. Made as documents, so that no name can break out of its place.
import { shown } from "./parts.js";

const SVG = "http://www.w3.org/2000/svg", GRAPHML = "http://graphml.graphdrawing.org/xmlns";

export function download(name, blob) {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(blob);
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
}

export function png(cy, ground) {
  // A canvas has bounds: a large graph is drawn at a smaller scale.
  return cy.png({ output: "blob", full: true, bg: ground, scale: 2, maxWidth: 6000, maxHeight: 6000 });
}

function writer(namespace) {
  const add = (parent, tag, attributes = {}, text) => {
    const element = document.createElementNS(namespace, tag);
    for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
    if (text != null) element.textContent = shown(text);
    parent?.append(element);
    return element;
  };
  return add;
}

const written = (root, type) => new Blob(['<?xml version="1.0" encoding="UTF-8"?>\n', new XMLSerializer().serializeToString(root)], { type });

export function svg(cy, ground) {
  const add = writer(SVG), box = cy.elements().boundingBox(), edge = 20;
  const root = add(null, "svg", {
    viewBox: [box.x1 - edge, box.y1 - edge, box.w + 2 * edge, box.h + 2 * edge].map(Math.round).join(" "),
    "font-family": "system-ui, sans-serif", "text-anchor": "middle",
  });
  add(root, "rect", { x: box.x1 - edge, y: box.y1 - edge, width: box.w + 2 * edge, height: box.h + 2 * edge, fill: ground });
  const marker = add(add(root, "defs"), "marker", { id: "end", viewBox: "0 0 8 8", refX: 8, refY: 4, markerWidth: 7, markerHeight: 7, orient: "auto" });
  const soft = cy.edges().length ? cy.edges()[0].style("color") : "gray";
  add(marker, "path", { d: "M0 0L8 4L0 8z", fill: soft });
  for (const it of cy.edges().toArray()) {
    const { x: x1, y: y1 } = it.sourceEndpoint(), { x: x2, y: y2 } = it.targetEndpoint(), middle = it.midpoint();
    const d = `M${x1} ${y1}Q${2 * middle.x - (x1 + x2) / 2} ${2 * middle.y - (y1 + y2) / 2} ${x2} ${y2}`;
    const line = add(root, "path", { d, fill: "none", stroke: soft, "stroke-opacity": 0.6, "marker-end": "url(#end)" });
    if (it.data("over")) line.setAttribute("stroke-dasharray", "4 4");
    add(line, "title", {}, it.data("statement"));
    add(root, "text", { x: middle.x, y: middle.y - 3, "font-size": 10, fill: soft }, it.data("label"));
  }
  for (const it of cy.nodes().toArray()) {
    const { x, y } = it.position(), r = it.data("size") / 2;
    const circle = add(root, "circle", { cx: x, cy: y, r, fill: it.style("background-color") });
    add(circle, "title", {}, `${it.data("name")} (${it.data("type")})`);
    add(root, "text", { x, y: y + r + 13, "font-size": 12, fill: it.style("color") }, it.data("name"));
  }
  return written(root, "image/svg+xml");
}

const NODE_KEYS = ["name", "type", "description"];
const EDGE_KEYS = ["relation", "statement", "valid_at", "valid_until", "said_at", "stated_by"];

export function graphml(cy) {
  const add = writer(GRAPHML), root = add(null, "graphml");
  for (const [kind, keys] of [["node", NODE_KEYS], ["edge", EDGE_KEYS]]) {
    for (const key of keys) add(root, "key", { id: `${kind}_${key}`, for: kind, "attr.name": key, "attr.type": "string" });
  }
  const graph = add(root, "graph", { edgedefault: "directed" });
  const fill = (element, kind, keys, data) => {
    for (const key of keys) if (data[key] != null) add(element, "data", { key: `${kind}_${key}` }, data[key]);
  };
  for (const it of cy.nodes().toArray()) fill(add(graph, "node", { id: it.id() }), "node", NODE_KEYS, it.data());
  for (const it of cy.edges().toArray()) {
    const { id, source, target } = it.data();
    fill(add(graph, "edge", { id, source, target }), "edge", EDGE_KEYS, it.data());
  }
  return written(root, "application/xml");
}
