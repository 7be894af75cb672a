// What the tabs of the page share. Pictures are kept here, in the page, and sent
// with every question; the server keeps none.

export const settings = await (await fetch('settings')).json();
export const element = (id) => document.getElementById(id);

// A place to draw in, which is a picture as soon as there is a stroke.
function drawing(canvas, image, changed) {
  // A model that inverts was trained with dark ink on white.
  const [paper, ink] = image.invert ? ['#fff', '#000'] : ['#000', '#fff'];
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
export function pictureInput(place, { image, many, changed, fail }) {
  const draws = image.channels === 1;
  place.append(element('pad').content.cloneNode(true));
  const part = (selector) => place.querySelector(selector);
  const list = part('.pictures');
  const upload = part('input[type=file]');
  let kept = [];

  const pad = drawing(part('canvas'), image, () => {
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

export async function encoded({ name, file }) {
  const url = await new Promise((done, failed) => {
    const reader = new FileReader();
    reader.onload = () => done(reader.result);
    reader.onerror = () => failed(reader.error);
    reader.readAsDataURL(file);
  });
  return { name, content: url.slice(url.indexOf(',') + 1) };
}

// The answer of a service to what is made of the pictures; an error is one too.
export async function ask(service, question) {
  try {
    const body = JSON.stringify(await question());
    if (body.length > settings.max_request) {
      return { error: 'These pictures are too large together. Take fewer.' };
    }
    const response = await fetch(service, { method: 'POST', body });
    if (response.headers.get('Content-Type') === 'application/json') {
      return await response.json();
    }
    return { error: `The server failed (${response.status}).` };
  } catch (error) {
    return { error: `The server does not answer (${error.message}).` };
  }
}

// What the model is, for the head of a tab.
export function about(name, { run, image }) {
  const kind = image.channels === 1 ? 'gray' : 'color';
  return (
    `The model is ${name}${run && ` of ${run}`}, for ` +
    `${image.height}×${image.width} ${kind} images. Pictures go to this ` +
    'server only, and are not kept.'
  );
}
