// The page of web_demo.py: a tab for each thing that its models can do.

import { element, settings } from './web_pictures.js';

const tabs = { classify: 'classification', generate: 'generation' };
const offered = Object.keys(tabs).filter((name) => settings[name]);

function choose(chosen) {
  for (const name of offered) {
    element(tabs[name]).hidden = name !== chosen;
    element(`to-${tabs[name]}`).setAttribute('aria-selected', name === chosen);
  }
}

for (const name of offered) {
  element(`to-${tabs[name]}`).onclick = () => choose(name);
  await import(`./web_${name}.js`);
}
element('tabs').hidden = offered.length < 2;
choose(offered[0]);
