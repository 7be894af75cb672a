// The page of web_demo.py. Pictures are kept here, in the page, and sent with
// every question; the server keeps none.

const settings = await (await fetch('settings')).json();
const draws = settings.image.channels === 1;
// A model that inverts was trained with dark ink on white.
const [paper, ink] = settings.image.invert ? ['#fff', '#000'] : ['#000', '#fff'];
const element = (id) => document.getElementById(id);

// A place to draw in, which is a picture as soon as there is a stroke.
function drawing(canvas, changed) {
  const brush = canvas.getContext('2d');
  let blank = true;

  function clear() {
    brush.fillStyle = paper;
    brush.fillRect(0, 0, canvas.width, canvas.height);
    blank = true;
  }

  function stroke(event) {
    const scale = canvas.width / canvas.clientWidth;
    brush.lineTo(event.offsetX * scale, event.offsetY * scale);
    brush.stroke();
    blank = false;
  }

  canvas.onpointerdown = (event) => {
    canvas.setPointerCapture(event.pointerId);
    Object.assign(brush, {
      strokeStyle: ink,
      lineWidth: canvas.width / 14,
      lineCap: 'round',
      lineJoin: 'round',
    });
    brush.beginPath();
    stroke(event); // A point.
    stroke(event);
  };
  canvas.onpointermove = (event) => {
    if (canvas.hasPointerCapture(event.pointerId)) stroke(event);
  };
  canvas.onpointerup = changed;
  clear();

  async function picture() {
    if (blank) return null;
    const file = await new Promise((done) => canvas.toBlob(done));
    return { name: 'The drawing', file };
  }

  return { clear, picture };
}

// Pictures that are drawn or uploaded in one place: many, or one at a time.
function pictureInput(place, { many, changed }) {
  place.append(element('pad').content.cloneNode(true));
  const part = (selector) => place.querySelector(selector);
  const list = part('.pictures');
  const upload = part('input[type=file]');
  let kept = [];

  const pad = drawing(part('canvas'), () => {
    if (!many) keep([]);
    changed();
  });

  function keep(pictures) {
    for (const { url } of kept) {
      if (!pictures.some((picture) => picture.url === url)) {
        URL.revokeObjectURL(url);
      }
    }
    kept = pictures;
    list.replaceChildren(...kept.map(thumbnail));
  }

  function thumbnail(picture) {
    const item = document.createElement('li');
    const image = document.createElement('img');
    Object.assign(image, {
      src: picture.url,
      alt: picture.name,
      title: picture.name,
    });
    const remove = document.createElement('button');
    Object.assign(remove, { type: 'button', textContent: '×' });
    remove.setAttribute('aria-label', `Remove ${picture.name}`);
    remove.onclick = () => {
      keep(kept.filter((other) => other !== picture));
      changed();
    };
    item.append(image, remove);
    return item;
  }

  function add(pictures) {
    const shown = pictures.map(({ name, file }) => {
      return { name, file, url: URL.createObjectURL(file) };
    });
    keep(many ? [...kept, ...shown] : shown);
  }

  upload.multiple = many;
  upload.onchange = () => {
    const files = [...upload.files];
    const large = files.find((file) => file.size > settings.max_bytes);
    upload.value = ''; // So that the same file can be chosen again.
    if (large) {
      const most = settings.max_bytes / 1e6;
      fail(`${large.name} has ${(large.size / 1e6).toFixed(1)} MB; ${most} MB
        are the most.`);
      return;
    }
    if (!many) pad.clear();
    add(files.map((file) => ({ name: file.name, file })));
    changed();
  };
  part('.clear').onclick = () => {
    pad.clear();
    changed();
  };
  part('.another').onclick = async () => {
    const picture = await pad.picture();
    if (picture) add([picture]);
    pad.clear();
  };
  part('canvas').hidden = part('.clear').hidden = !draws;
  part('.another').hidden = !draws || !many;

  return async () => {
    const drawn = draws && (await pad.picture());
    return drawn ? [...kept, drawn] : kept;
  };
}

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
  classes.set(place, pictureInput(place, { many: true, changed: forget }));
  element('classes').append(place);
  element('add').disabled = classes.size >= settings.max_classes;
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

async function encoded({ name, file }) {
  const url = await new Promise((done, failed) => {
    const reader = new FileReader();
    reader.onload = () => done(reader.result);
    reader.onerror = () => failed(reader.error);
    reader.readAsDataURL(file);
  });
  return { name, content: url.slice(url.indexOf(',') + 1) };
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
  let reply;
  try {
    const body = JSON.stringify({
      classes: await Promise.all([...classes].map(encodedClass)),
      query: (await Promise.all((await asked()).map(encoded)))[0] ?? null,
      head: element('head').value,
    });
    reply =
      body.length > settings.max_request
        ? { error: 'These pictures are too large together. Take fewer.' }
        : await ask(body);
  } catch (error) {
    reply = { error: `The server does not answer (${error.message}).` };
  }
  if (mine === question) show(reply);
}

async function ask(body) {
  const response = await fetch('classify', { method: 'POST', body });
  if (response.headers.get('Content-Type') === 'application/json') {
    return response.json();
  }
  return { error: `The server failed (${response.status}).` };
}

async function classifyIfAsked() {
  return (await asked()).length ? classify() : forget();
}

const asked = pictureInput(element('asked'), {
  many: false,
  changed: classifyIfAsked,
});
element('classify').onclick = classify;
element('head').onchange = classifyIfAsked;
element('heads').hidden = !settings.trained;
element('trained').textContent = `trained, for up to ${settings.trained} classes`;
element('add').onclick = addClass;
for (let i = 0; i < settings.classes; i++) addClass();

const { height, width } = settings.image;
const kind = draws ? 'gray' : 'color';
const run = settings.run && ` of ${settings.run}`;
element('about').textContent =
  `The model is ${settings.learner}${run}, for ${height}×${width} ${kind} ` +
  'images. Pictures go to this server only, and are not kept.';
