// Takes one photo with the device's camera; nothing is kept of what it saw before.

import { button, element, text } from "./shell.js";

// A File, or null where the person thought better of it or there is no camera.
export async function takePhoto() {
  const dialog = element("dialog", "cp-dialog cp-camera", document.body);
  dialog.setAttribute("aria-label", "Take a photo");
  const told = text("p", "", "Asking for the camera…", dialog);
  told.setAttribute("role", "status");
  const video = element("video", "", dialog);
  Object.assign(video, { muted: true, playsInline: true, hidden: true });
  const row = element("div", "cp-dialog-row", dialog);
  const take = button("cp-primary", "Take the photo", row, { name: "Take the photo" });
  const leave = button("cp-plain", "Cancel", row, { name: "Cancel" });
  take.disabled = true;
  dialog.showModal();
  let stream = null;
  const photo = await new Promise((resolve) => {
    leave.addEventListener("click", () => resolve(null));
    dialog.addEventListener("cancel", () => resolve(null));
    take.addEventListener("click", () => resolve(pictureOf(video)));
    navigator.mediaDevices.getUserMedia({ video: { width: { ideal: 1920 } } }).then(
      async (found) => {
        stream = found;
        video.srcObject = found;
        await video.play();
        video.hidden = told.hidden = false;
        told.textContent = "Step back until you are in view from head to foot.";
        take.disabled = false;
        take.focus();
      },
      () => (told.textContent = "No camera may be used here. Attach a photo instead."),
    );
  });
  for (const track of stream?.getTracks() ?? []) track.stop();
  dialog.close();
  dialog.remove();
  return photo;
}

async function pictureOf(video) {
  const canvas = document.createElement("canvas");
  Object.assign(canvas, { width: video.videoWidth, height: video.videoHeight });
  canvas.getContext("2d").drawImage(video, 0, 0);
  const blob = await new Promise((resolve) => canvas.toBlob(resolve, "image/jpeg", 0.92));
  return new File([blob], "camera.jpg", { type: "image/jpeg" });
}
