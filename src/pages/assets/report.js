// Enhancement only: the form works without it. Shows the chosen picture, reads a QR code in it, and
// stops a second send.
const form = document.querySelector('form[data-preview]');
const input = form && form.querySelector('input[type=file]');

// Pixels of a side that are looked at: a code on a screenshot is readable at that size, and an old
// phone does not run out of memory.
const qr_side_max = 1600;
const qr_text_max = 2000;

/** As data: because our CSP lets no blob: in. */
function read_as_address(file) {
  return new Promise((done, failed) => {
    const reader = new FileReader();
    reader.onload = () => done(reader.result);
    reader.onerror = () => failed(reader.error);
    reader.readAsDataURL(file);
  });
}

/** What the QR code in a loaded picture says; empty without one, or where its reader is missing. */
async function read_qr(image) {
  const scale = Math.min(1, qr_side_max / Math.max(image.naturalWidth, image.naturalHeight));
  const canvas = document.createElement('canvas');
  canvas.width = Math.max(1, Math.round(image.naturalWidth * scale));
  canvas.height = Math.max(1, Math.round(image.naturalHeight * scale));
  const context = canvas.getContext('2d', { willReadFrequently: true });
  context.drawImage(image, 0, 0, canvas.width, canvas.height);
  const reader = await import('/app/qr.js').catch(() => undefined);
  if (!reader) return '';
  const text = reader.readQr(context.getImageData(0, 0, canvas.width, canvas.height));
  return text.replace(/[\u0000-\u001f\u007f]+/g, ' ').trim().slice(0, qr_text_max);
}

/** Offers what the code says; into an empty report it goes by itself, because that is what the picture is for. */
function offer(found) {
  const box = form.querySelector('.qr');
  const what = form.querySelector('#what');
  const button = box.querySelector('button');
  const use = () => {
    what.value = what.value.trim() === '' ? found : what.value.trimEnd() + '\n' + found;
    button.hidden = true;
  };
  box.hidden = false;
  box.querySelector('code').textContent = found;
  button.hidden = what.value.includes(found);
  button.onclick = use;
  if (what.value.trim() === '') use();
}

if (input) {
  const image = form.querySelector('img.preview');
  const box = form.querySelector('.qr');
  input.addEventListener('change', async () => {
    const file = input.files[0];
    box.hidden = true;
    image.hidden = true;
    if (!file) return;
    image.src = await read_as_address(file);
    // What the browser cannot show it cannot read either; the server says what is wrong with it.
    const shown = await image.decode().then(() => true, () => false);
    if (!shown || input.files[0] !== file) return;
    image.hidden = false;
    const found = await read_qr(image);
    if (found && input.files[0] === file) offer(found);
  });
  form.addEventListener('submit', () => {
    form.querySelector('button[type=submit]').disabled = true;
  });
  // Coming back with the browser's Back button must not leave the button dead.
  window.addEventListener('pageshow', () => {
    form.querySelector('button[type=submit]').disabled = false;
  });
}
