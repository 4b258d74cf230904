// For the public report form, which loads it (as /app/qr.js) only after somebody has chosen a picture
// there: reads a QR code in it. The picture is decoded by the browser and never leaves the machine
// for this; without this file the form works as well.
import decodeQR from 'qr/decode.js';

const timeLimitMs = 2_000; // of optional retries, on an old phone

/** What the first QR code in the picture says; empty if none can be read. */
export function readQr(picture: ImageData): string {
  try {
    return decodeQR(picture, { timeLimit: timeLimitMs });
  } catch {
    return ''; // the library throws where there is no code
  }
}
