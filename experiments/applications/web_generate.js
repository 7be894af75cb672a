// The tab on which a few pictures of a kind become new ones.

import {
  about,
  ask,
  element,
  encoded,
  pictureInput,
  settings,
} from './web_pictures.js';

const model = settings.generate;
let frames = []; // From one seed to another, for the slider.
// Answers to an earlier question are not shown.
const question = { between: 0, generate: 0 };

function show({ status = '', error = '' }) {
  element('new-status').textContent = status;
  element('new-error').textContent = error;
}

function fail(error) {
  element('seeds-error').textContent = error;
}

function picture(content, alt) {
  const image = document.createElement('img');
  return Object.assign(image, { src: `data:image/png;base64,${content}`, alt });
}

function showFrame() {
  const frame = frames[element('position').value];
  element('frame').hidden = !frame;
  element('position').disabled = !frame;
  if (frame) element('frame').src = `data:image/png;base64,${frame}`;
}

function showFrames(shown) {
  frames = shown;
  element('position').max = Math.max(frames.length - 1, 1);
  element('position').value = Math.floor(frames.length / 2);
  showFrame();
}

function showMade({ seeds = [], made = [], account = [] }) {
  element('seen').replaceChildren(...seeds.map((x) => picture(x, 'a seed')));
  element('made').replaceChildren(...made.map((x) => picture(x, 'a new one')));
  element('grids').hidden = !made.length;
  element('new-account').textContent = account.join(' ');
}

// The ends of the slider stay chosen while there are so many seeds.
function offerEnds(count) {
  for (const [id, first] of [['from', 0], ['to', 1]]) {
    const select = element(id);
    const before = select.value;
    const numbers = [...Array(count).keys()];
    select.replaceChildren(...numbers.map((i) => new Option(i + 1, i)));
    select.value = before !== '' && before < count ? before : first;
  }
}

async function between() {
  const mine = ++question.between;
  showFrames([]);
  const pictures = await seeds();
  const ends = [element('from').value, element('to').value];
  if (!model.slider || pictures.length < 2) return;
  const reply = await ask('between', async () => ({
    pictures: await Promise.all(ends.map((i) => encoded(pictures[i]))),
  }));
  if (mine !== question.between) return;
  fail(reply.error ?? '');
  showFrames(reply.frames ?? []);
}

async function changed() {
  question.generate += 1;
  fail('');
  show({});
  showMade({});
  offerEnds((await seeds()).length);
  await between();
}

// The model's own way makes no views of the seeds.
function ownWay() {
  return element('sampler').value === 'own';
}

function offerViews() {
  element('with-views').hidden = !model.slider || ownWay();
}

async function generate() {
  const mine = ++question.generate;
  showMade({});
  show({
    status: 'Making… The first time with so many seeds takes some seconds.',
  });
  const reply = await ask('generate', async () => ({
    pictures: await Promise.all((await seeds()).map(encoded)),
    sampler: element('sampler').value,
    views: element('views').checked && !ownWay(),
    seed: Math.floor(2 ** 32 * Math.random()), // Others every time.
  }));
  if (mine !== question.generate) return;
  show(reply);
  showMade(reply);
}

const seeds = pictureInput(element('seeds'), {
  image: model.image,
  many: true,
  changed,
  fail,
});
element('sampler').replaceChildren(
  ...model.samplers.map(([name, text]) => new Option(text, name)),
);
element('generate').onclick = generate;
element('sampler').onchange = offerViews;
element('position').oninput = showFrame;
element('from').onchange = element('to').onchange = between;
element('slider').hidden = !model.slider;
offerViews();
element('new-about').textContent = about(model.model, model);
