// The tab on which examples of classes, and a query, become probabilities.

import {
  about,
  ask,
  element,
  encoded,
  pictureInput,
  settings,
} from './web_pictures.js';

const model = settings.classify;
const input = { image: model.image, fail };
const classes = new Map(); // From each one's element to its pictures.
let named = 0;

function addClass() {
  const place = element('class').content.cloneNode(true).firstElementChild;
  named += 1;
  place.querySelector('.name').value = `class ${named}`;
  place.querySelector('.name').oninput = forget;
  place.querySelector('.remove').onclick = () => {
    classes.delete(place);
    place.remove();
    element('add').disabled = false;
    forget();
  };
  const pictures = { ...input, many: true, changed: forget };
  classes.set(place, pictureInput(place, pictures));
  element('classes').append(place);
  element('add').disabled = classes.size >= model.max_classes;
}

// Answers to an earlier question are not shown.
let question = 0;

function forget() {
  question += 1;
  show({});
}

function show({ status = '', error = '', probabilities = [], account = [] }) {
  element('status').textContent = status;
  element('error').textContent = error;
  element('account').textContent = account.join(' ');
  const most = Math.max(...probabilities.map(([, share]) => share));
  const rows = probabilities.map(([name, share]) => {
    const row = element('probabilities').insertRow();
    const head = document.createElement('th');
    const bar = document.createElement('div');
    Object.assign(head, { scope: 'row', textContent: name });
    bar.className = 'share';
    bar.append(document.createElement('div'));
    bar.firstChild.style.width = `${100 * share}%`;
    row.append(head);
    row.insertCell().append(bar);
    row.insertCell().textContent = `${(100 * share).toFixed(1)} %`;
    row.className = share === most ? 'best' : '';
    return row;
  });
  element('probabilities').replaceChildren(...rows);
}

function fail(error) {
  question += 1;
  show({ error });
}

async function encodedClass([place, pictures]) {
  return {
    name: place.querySelector('.name').value,
    pictures: await Promise.all((await pictures()).map(encoded)),
  };
}

async function classify() {
  forget();
  const mine = question;
  show({
    status:
      'Classifying… The first time with so many examples takes some seconds.',
  });
  const reply = await ask('classify', async () => ({
    classes: await Promise.all([...classes].map(encodedClass)),
    query: (await Promise.all((await asked()).map(encoded)))[0] ?? null,
    head: element('head').value,
  }));
  if (mine === question) show(reply);
}

async function classifyIfAsked() {
  return (await asked()).length ? classify() : forget();
}

const asked = pictureInput(element('asked'), {
  ...input,
  many: false,
  changed: classifyIfAsked,
});
element('classify').onclick = classify;
element('head').onchange = classifyIfAsked;
element('heads').hidden = model.heads.length < 2;
element('head').replaceChildren(
  ...model.heads.map(({ head, words }) => new Option(words, head)),
);
element('add').onclick = addClass;
for (let i = 0; i < model.classes; i++) addClass();
element('about').textContent = about(model.learner, model);
