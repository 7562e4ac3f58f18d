// The widget in the notebook: the page of the map in a frame, and what both tell each other.
// The frame has an origin of its own, so that neither can read the other. bridge.js has the other end.

// What the page calls them, by the names of the traits in Python.
const NAMES = {
  km: 'km', side: 'side', language: 'language', selected_rows: 'selected', drawn_geometries: 'drawn',
};
const TRAITS = Object.fromEntries(Object.entries(NAMES).map(([trait, name]) => [name, trait]));

function makeFrame(model) {
  const frame = document.createElement('iframe');
  frame.title = model.get('_title');
  // Lists can be saved, and the addresses of sources be opened.
  frame.sandbox.add('allow-scripts', 'allow-downloads', 'allow-popups', 'allow-popups-to-escape-sandbox');
  Object.assign(frame.style, { width: '100%', height: `${model.get('_height')}px`, border: '0' });
  frame.srcdoc = model.get('_page');
  return frame;
}

function render({ model, el }) {
  const frame = makeFrame(model);
  // What the page knows, as JSON by trait: several frames may show one widget.
  const known = {};
  let port = null;

  function tell(traits) {
    const changed = traits.filter((trait) => known[trait] !== JSON.stringify(model.get(trait)));
    for (const trait of changed) known[trait] = JSON.stringify(model.get(trait));
    const entries = changed.map((trait) => [NAMES[trait], model.get(trait)]);
    if (port && entries.length) port.postMessage(Object.fromEntries(entries));
  }

  function hear({ data }) {
    for (const [name, value] of Object.entries(data)) {
      const trait = TRAITS[name];
      if (!trait) continue;
      known[trait] = JSON.stringify(value);
      model.set(trait, value);
    }
    model.save_changes();
  }

  /** Take the channel that our own page offers: each time a notebook moves a frame, it loads again. */
  function connect({ source, data, ports }) {
    if (source !== frame.contentWindow || data?.geobuffer !== model.get('_key') || !ports[0]) return;
    [port] = ports;
    port.onmessage = hear;
    for (const trait of Object.keys(known)) delete known[trait];
    tell(Object.keys(NAMES));
  }

  const changes = Object.keys(NAMES).map((trait) => [`change:${trait}`, () => tell([trait])]);
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
