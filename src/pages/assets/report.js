// Enhancement only: the form works without it. Shows the chosen picture, and stops a second send.
const form = document.querySelector('form[data-preview]');
const input = form && form.querySelector('input[type=file]');
if (input) {
  const image = form.querySelector('img.preview');
  input.addEventListener('change', () => {
    if (image.src) URL.revokeObjectURL(image.src);
    const file = input.files[0];
    image.hidden = !file;
    if (file) image.src = URL.createObjectURL(file);
  });
  form.addEventListener('submit', () => {
    form.querySelector('button[type=submit]').disabled = true;
  });
  // Coming back with the browser's Back button must not leave the button dead.
  window.addEventListener('pageshow', () => {
    form.querySelector('button[type=submit]').disabled = false;
  });
}
