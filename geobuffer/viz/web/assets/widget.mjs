// Show the page of the map in a frame in the notebook, and exchange changes with it. The frame has an
// origin of its own, so that neither can read the other. bridge.js is the page's side of the exchange.

// The names of the values in the page, by the names of their traits in Python.
const NAMES = {
  km: 'km', side: 'side', language: 'language', selected_rows: 'selected', drawn_geometries: 'drawn',
};
const TRAITS = Object.fromEntries(Object.entries(NAMES).map(([trait, name]) => [name, trait]));

function makeFrame(model) {
  const frame = document.createElement('iframe');
  frame.title = model.get('_title');
  // Readers can save lists and open the addresses of sources.
  frame.sandbox.add('allow-scripts', 'allow-downloads', 'allow-popups', 'allow-popups-to-escape-sandbox');
  Object.assign(frame.style, { width: '100%', height: `${model.get('_height')}px`, border: '0' });
  frame.srcdoc = model.get('_page');
  return frame;
}

function render({ model, el }) {
  const frame = makeFrame(model);
  // The values that this page has, as JSON by trait: several frames may show one widget.
  const known = {};
  let port = null;

  function send(traits) {
    const changed = traits.filter((trait) => known[trait] !== JSON.stringify(model.get(trait)));
    for (const trait of changed) known[trait] = JSON.stringify(model.get(trait));
    const entries = changed.map((trait) => [NAMES[trait], model.get(trait)]);
    if (port && entries.length) port.postMessage(Object.fromEntries(entries));
  }

  function receive({ data }) {
    for (const [name, value] of Object.entries(data)) {
      const trait = TRAITS[name];
      if (!trait) continue;
      known[trait] = JSON.stringify(value);
      model.set(trait, value);
    }
    model.save_changes();
  }

  /** Store the channel that our page sends. If a notebook moves the frame, the page loads and sends again. */
  function connect({ source, data, ports }) {
    if (source !== frame.contentWindow || data?.geobuffer !== model.get('_key') || !ports[0]) return;
    [port] = ports;
    port.onmessage = receive;
    for (const trait of Object.keys(known)) delete known[trait];
    send(Object.keys(NAMES));
  }

  const changes = Object.keys(NAMES).map((trait) => [`change:${trait}`, () => send([trait])]);
  for (const [event, run] of changes) model.on(event, run);
  window.addEventListener('message', connect);
  el.append(frame);
  return () => {
    window.removeEventListener('message', connect);
    for (const [event, run] of changes) model.off(event, run);
    port?.close();
    frame.remove();
  };
}

export default { render };
