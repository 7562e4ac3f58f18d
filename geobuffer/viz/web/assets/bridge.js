'use strict';
// Connect the page with the notebook around it; widget.mjs does the same on the side of the notebook.
// Both send changes over a message channel: {km, side, language, selected, drawn}.

(function (geobuffer) {
  const { view, facts } = geobuffer;
  const { showState, start } = geobuffer;
  let port = null;
  let isApplying = false;
  // The values that the notebook has, as JSON by name.
  const known = {};

  const READ = {
    km: () => view.km,
    side: () => view.side,
    language: () => view.language,
    selected: () => geobuffer.listSelected(),
    drawn: () => geobuffer.listDrawn(),
  };

  const SHOW = {
    km: (km) => geobuffer.setZone(geobuffer.parseWidth(km) ?? view.km, view.side),
    side: (side) => {
      if (facts.zone.sides.includes(side)) geobuffer.setSide(side);
    },
    language: (language) => {
      if (language in geobuffer.words && language !== view.language) geobuffer.setLanguage(language);
    },
    selected: (rows) => geobuffer.selectRows(rows),
    drawn: (geometries) => geobuffer.setDrawn(geometries),
  };

  /** Send the changed values to the notebook. */
  function report() {
    // While we apply a message, later values are not shown yet, and we would send the old ones.
    if (!port || isApplying) return;
    const changes = {};
    for (const [name, read] of Object.entries(READ)) {
      const text = JSON.stringify(read());
      if (known[name] === text) continue;
      known[name] = text;
      changes[name] = JSON.parse(text);
    }
    if (Object.keys(changes).length) port.postMessage(changes);
  }

  /** Apply the values of the notebook, and send back the values that resulted. */
  function receive({ data }) {
    const wanted = Object.entries(data).filter(([name]) => name in SHOW);
    for (const [name, value] of wanted) known[name] = JSON.stringify(value);
    isApplying = true;
    try {
      for (const [name, value] of wanted) {
        if (JSON.stringify(READ[name]()) !== known[name]) SHOW[name](value);
      }
    } finally {
      isApplying = false;
    }
    report();
  }

  function startBridge() {
    const channel = new MessageChannel();
    channel.port1.onmessage = (message) => {
      port = channel.port1;
      receive(message);
    };
    // The key proves to the notebook that this is its page.
    window.parent.postMessage({ geobuffer: facts.widget.key }, '*', [channel.port2]);
  }

  // The page calls this when the slider rests, the map has moved or the language has changed.
  geobuffer.showState = () => {
    showState();
    geobuffer.showTools();
  };
  geobuffer.report = report;

  geobuffer.start = (map) => {
    start(map);
    geobuffer.startTools(map);
    geobuffer.showLabels(); // again, because names must not cover the tools
    startBridge();
  };
})(window.geobuffer);
