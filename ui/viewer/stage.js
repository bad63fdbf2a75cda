// The room: renderer, camera, light, ground. Bodies stand at the origin on y = 0 and face +z; metres.

import { ContactShadow } from "./contact.js";
import {
  Color,
  DirectionalLight,
  HemisphereLight,
  Mesh,
  NeutralToneMapping,
  OrbitControls,
  PCFShadowMap,
  PerspectiveCamera,
  PlaneGeometry,
  Scene,
  ShaderMaterial,
  ShadowMaterial,
  Spherical,
  Vector2,
  Vector3,
  WebGLRenderer,
} from "./vendor/three.min.js";

const FIELD_OF_VIEW = 28;
const DEGREE = Math.PI / 180;
export const VIEWS = { front: 0, side: 90, back: 180 }; // azimuth towards the body's left
const HOME_AZIMUTH = 24;
const HOME_ELEVATION = 8;
const SMALL_PX = 420; // of height: there is less air around the body
const TIMELINE_PX = 46;
const NAMES_PX = 34;

export class Stage {
  constructor(canvas) {
    this.renderer = new WebGLRenderer({ canvas, antialias: true, alpha: true, preserveDrawingBuffer: true });
    this.renderer.setPixelRatio(Math.min(window.devicePixelRatio || 1, 2));
    this.renderer.toneMapping = NeutralToneMapping;
    this.renderer.shadowMap.enabled = true;
    this.renderer.shadowMap.type = PCFShadowMap;
    this.renderer.setClearColor(0, 0);
    this.scene = new Scene();
    this.camera = new PerspectiveCamera(FIELD_OF_VIEW, 1, 0.05, 100);
    this.size = new Vector2(1, 1);
    this.extent = { height: 1.8, reach: 0.9 };
    this.timeline = false; // whether one lies over the foot of the view
    this.renderer.shadowMap.autoUpdate = false; // shadows stay as they are while only the camera moves
    this.addLights();
    this.addGround();
    this.controls = new OrbitControls(this.camera, canvas);
    Object.assign(this.controls, { enableDamping: true, dampingFactor: 0.12, enablePan: false });
    Object.assign(this.controls, { minDistance: 0.6, maxDistance: 30, maxPolarAngle: 0.56 * Math.PI });
    canvas.style.touchAction = "pan-y"; // a finger moving up or down scrolls the page, sideways it turns the body
  }

  addLights() {
    this.sky = new HemisphereLight();
    this.key = new DirectionalLight(0xfff4e8);
    this.key.position.set(1.6, 5, 2.6);
    this.key.castShadow = true;
    this.key.shadow.mapSize.set(2048, 2048);
    this.key.shadow.radius = 4;
    this.key.shadow.bias = -0.0004;
    this.key.shadow.normalBias = 0.02;
    this.rim = new DirectionalLight(0xdfe8ff);
    this.rim.position.set(-2.5, 2.5, -3);
    this.scene.add(this.sky, this.key, this.rim);
  }

  addGround() {
    this.shadow = new Mesh(new PlaneGeometry(40, 40), new ShadowMaterial({ opacity: 0.22 }));
    this.shadow.rotation.x = -Math.PI / 2;
    this.shadow.receiveShadow = true;
    this.grid = new Mesh(new PlaneGeometry(40, 40), gridMaterial());
    this.grid.rotation.x = -Math.PI / 2;
    this.grid.position.y = -0.002;
    this.contacts = [new ContactShadow(), new ContactShadow()]; // one a column
    this.underfoot = [this.shadow, this.grid, ...this.contacts.map((contact) => contact.plane)];
    this.scene.add(...this.underfoot);
  }

  // How far the ground has passed under a body that walks while the camera stays with it.
  moveGround(x, z) {
    this.grid.material.uniforms.offset.value.set(x, z);
  }

  setColors({ line, shadow, dark }) {
    this.grid.material.uniforms.color.value.set(line);
    this.shadow.material.opacity = shadow * 0.45;
    for (const contact of this.contacts) contact.opacity = Math.min(1, shadow * 2.2);
    this.sky.groundColor = new Color(dark ? 0x55555c : 0xcfc4ba);
    this.sky.intensity = dark ? 1.1 : 1.6;
    this.key.intensity = dark ? 2.1 : 2.5;
    this.rim.intensity = dark ? 2.2 : 1.1;
  }

  resize(width, height) {
    this.size.set(width, height);
    this.renderer.setSize(width, height, false);
  }

  // Camera such that `extent` fits into one of `columns` equal columns.
  frame(columns) {
    const { height, reach } = this.extent;
    const aspect = this.size.x / columns / this.size.y;
    const half = Math.tan((FIELD_OF_VIEW / 2) * DEGREE);
    const small = this.size.y < SMALL_PX;
    const air = small ? height * 0.53 + 0.08 : height * 0.57 + 0.12;
    const free = 1 - this.covered(columns) / this.size.y;
    const distance = Math.max(air / (half * free), (reach * 1.12) / (half * aspect)) + reach * 0.5;
    this.controls.target.set(0, height / 2, 0);
    this.controls.maxDistance = Math.max(12, distance * 3);
    this.place(HOME_AZIMUTH, HOME_ELEVATION, distance);
  }

  // Pixels at the foot that the body has to keep clear of; alone in a large view it does so anyway.
  covered(columns) {
    if (!this.timeline) return 0;
    return this.size.y < SMALL_PX ? TIMELINE_PX : columns > 1 ? TIMELINE_PX + NAMES_PX : 0;
  }

  // After the pictures of a lost context are gone.
  restore() {
    this.shadowed = "";
    for (const contact of this.contacts) contact.drawn = "";
  }

  place(azimuth, elevation, distance) {
    this.controls.enableDamping = false;
    this.controls.update(); // what is left of a drag must not go on from the new place
    this.controls.enableDamping = true;
    const polar = new Spherical(distance, (90 - elevation) * DEGREE, azimuth * DEGREE);
    this.camera.position.setFromSpherical(polar).add(this.controls.target);
    this.camera.lookAt(this.controls.target);
    this.controls.update();
  }

  // { azimuth, elevation, distance } of the camera, degrees and metres; fov is vertical.
  placement() {
    const offset = new Vector3().subVectors(this.camera.position, this.controls.target);
    const polar = new Spherical().setFromVector3(offset);
    return {
      azimuth: polar.theta / DEGREE,
      elevation: 90 - polar.phi / DEGREE,
      distance: polar.radius,
      fov: FIELD_OF_VIEW,
    };
  }

  turn(azimuth, elevation) {
    const now = this.placement();
    this.place(now.azimuth + azimuth, clamp(now.elevation + elevation, -10, 89), now.distance);
  }

  zoom(factor) {
    const now = this.placement();
    const { minDistance, maxDistance } = this.controls;
    this.place(now.azimuth, now.elevation, clamp(now.distance * factor, minDistance, maxDistance));
  }

  // Draws each group of `columns` in a column of its own, all through the same camera.
  draw(columns, actors) {
    const { renderer, camera, size } = this;
    const width = size.x / columns.length;
    camera.aspect = width / size.y;
    camera.setViewOffset(width, size.y, 0, this.covered(columns.length) / 2, width, size.y);
    this.fitShadow();
    columns.forEach((shown, column) => {
      for (const actor of actors) actor.root.visible = shown.includes(actor);
      if (shown.length) this.moveGround(shown[0].ground.x, shown[0].ground.z);
      renderer.setScissorTest(false);
      this.contacts.forEach(({ plane }, index) => (plane.visible = index === column));
      const stances = shown.map((actor) => actor.stance()).join();
      this.contacts[column].update(renderer, this.scene, this.underfoot, stances);
      renderer.shadowMap.needsUpdate = this.shadowed !== stances;
      this.shadowed = stances;
      renderer.setScissorTest(columns.length > 1);
      renderer.setViewport(column * width, 0, width, size.y);
      renderer.setScissor(column * width, 0, width, size.y);
      renderer.render(this.scene, camera);
    });
  }

  fitShadow() {
    const radius = Math.max(this.extent.height, this.extent.reach) * 0.9 + 0.4;
    const box = this.key.shadow.camera;
    if (box.right === radius) return;
    this.shadowed = "";
    for (const contact of this.contacts) contact.fit(radius);
    Object.assign(box, { left: -radius, right: radius, top: radius, bottom: -radius, near: 0.1, far: 20 });
    box.updateProjectionMatrix();
  }
}

// The placement that a named view stands for where there is no stage.
export function pictureView(name) {
  const named = name in VIEWS;
  return { azimuth: named ? VIEWS[name] : HOME_AZIMUTH, elevation: named ? 4 : HOME_ELEVATION, fov: FIELD_OF_VIEW };
}

export function clamp(value, low, high) {
  return Math.min(high, Math.max(low, value));
}

// Half-metre lines, every second one stronger, fading with distance from the body.
function gridMaterial() {
  return new ShaderMaterial({
    transparent: true,
    depthWrite: false,
    uniforms: { color: { value: new Color(0x888888) }, offset: { value: new Vector2() } },
    vertexShader: `
      varying vec2 place;
      void main() {
        place = vec2(position.x, -position.y);
        gl_Position = projectionMatrix * modelViewMatrix * vec4(position, 1.0);
      }`,
    fragmentShader: `
      uniform vec3 color;
      uniform vec2 offset;
      varying vec2 place;
      float lines(vec2 at, float step) {
        vec2 cell = abs(fract(at / step - 0.5) - 0.5) * step;
        vec2 width = max(fwidth(at), vec2(0.004));
        vec2 line = 1.0 - smoothstep(vec2(0.0), width * 1.2, cell);
        return max(line.x, line.y);
      }
      void main() {
        vec2 at = place + offset;
        float strength = max(0.32 * lines(at, 0.5), 0.7 * lines(at, 1.0));
        float fade = 1.0 - smoothstep(0.8, 4.2, length(place));
        gl_FragColor = vec4(color, strength * fade * fade);
        #include <colorspace_fragment>
      }`,
  });
}
