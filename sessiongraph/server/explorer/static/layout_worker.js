// Where the graph's entities stand, worked out beside the page, which never waits for it. A classic worker: d3's
// scripts put themselves into one global.
importScripts("d3-dispatch.min.js", "d3-quadtree.min.js", "d3-timer.min.js", "d3-force.min.js");

const LONGEST_MS = 8000;
let running = 0;

// {nodes: [{x, y}], links: [{source, target}], spread, every}: places come back as [x0, y0, x1, …], every so many
// milliseconds and at the end.
onmessage = async ({ data: { nodes, links, spread, every } }) => {
  const run = ++running;
  const isLarge = nodes.length > 800;
  const simulation = d3.forceSimulation(nodes).stop().alphaDecay(isLarge ? 0.04 : 0.028)
    .force("link", d3.forceLink(links).distance(120 * spread))
    .force("charge", d3.forceManyBody().strength(-420 * spread).distanceMax(900).theta(isLarge ? 1.2 : 0.9))
    .force("collide", d3.forceCollide(34 * Math.min(spread, 1)))
    .force("x", d3.forceX(0).strength(0.06))
    .force("y", d3.forceY(0).strength(0.08));
  const begun = performance.now();
  let told = begun;
  while (simulation.alpha() > 0.004 && performance.now() - begun < LONGEST_MS) {
    simulation.tick();
    if (performance.now() - told < every) continue;
    told = performance.now();
    tell(nodes, false);
    await new Promise(resolve => setTimeout(resolve));  // a newer message ends this run
    if (run !== running) return;
  }
  tell(nodes, true);
};

function tell(nodes, isLast) {
  const places = new Float32Array(2 * nodes.length);
  nodes.forEach((node, index) => { places[2 * index] = node.x; places[2 * index + 1] = node.y; });
  postMessage({ places, isLast }, [places.buffer]);
}
