// The soft dark patch where a body nears the ground: its depth seen from below, blurred.

import {
  Mesh,
  MeshBasicMaterial,
  MeshDepthMaterial,
  OrthographicCamera,
  PlaneGeometry,
  Scene,
  ShaderMaterial,
  Vector2,
  WebGLRenderTarget,
} from "./vendor/three.min.js";

const SIZE = 256;
const BLUR = 3.2; // 256ths of a metre between two taps
const ABOVE = 0.55; // metres over the ground within which things darken it

export class ContactShadow {
  constructor() {
    this.targets = [new WebGLRenderTarget(SIZE, SIZE), new WebGLRenderTarget(SIZE, SIZE)];
    this.camera = new OrthographicCamera(-1, 1, 1, -1, 0, ABOVE);
    this.camera.rotation.x = Math.PI / 2; // from the ground upwards
    this.depth = depthMaterial();
    this.blur = blurMaterial();
    this.quad = new Mesh(new PlaneGeometry(2, 2), this.blur);
    this.quadScene = new Scene();
    this.quadScene.add(this.quad);
    this.quadCamera = new OrthographicCamera(-1, 1, 1, -1, 0, 1);
    const material = new MeshBasicMaterial({ map: this.targets[0].texture, transparent: true, depthWrite: false });
    this.plane = new Mesh(new PlaneGeometry(2, 2), material);
    this.plane.rotation.x = -Math.PI / 2;
    this.plane.scale.y = -1; // the picture is taken from below
    this.plane.position.y = 0.001;
  }

  set opacity(value) {
    this.plane.material.opacity = value;
  }

  fit(radius) {
    this.plane.scale.set(radius, -radius, 1);
    Object.assign(this.camera, { left: -radius, right: radius, top: radius, bottom: -radius });
    this.camera.updateProjectionMatrix();
    this.spread = BLUR / radius;
    this.drawn = "";
  }

  // hidden: everything in the scene that casts none. key: what is to be seen; the same again is not drawn again, so
  // that turning the camera costs nothing here.
  update(renderer, scene, hidden, key) {
    if (key === this.drawn) return;
    this.drawn = key;
    const shadows = renderer.shadowMap.enabled;
    const shown = hidden.map((thing) => thing.visible);
    for (const thing of hidden) thing.visible = false;
    renderer.shadowMap.enabled = false;
    scene.overrideMaterial = this.depth;
    renderer.setRenderTarget(this.targets[0]);
    renderer.clear();
    renderer.render(scene, this.camera);
    scene.overrideMaterial = null;
    for (const strength of [1, 0.45]) {
      this.pass(renderer, 0, 1, new Vector2((this.spread * strength) / 256, 0));
      this.pass(renderer, 1, 0, new Vector2(0, (this.spread * strength) / 256));
    }
    renderer.setRenderTarget(null);
    renderer.shadowMap.enabled = shadows;
    hidden.forEach((thing, index) => (thing.visible = shown[index]));
  }

  pass(renderer, from, to, step) {
    this.blur.uniforms.source.value = this.targets[from].texture;
    this.blur.uniforms.stride.value = step;
    renderer.setRenderTarget(this.targets[to]);
    renderer.clear();
    renderer.render(this.quadScene, this.quadCamera);
  }
}

function depthMaterial() {
  const material = new MeshDepthMaterial({ depthTest: false, depthWrite: false, transparent: true });
  material.onBeforeCompile = (shader) => {
    shader.fragmentShader = shader.fragmentShader.replace(
      "gl_FragColor = vec4( vec3( 1.0 - fragCoordZ ), opacity );",
      "float near = clamp( 1.0 - fragCoordZ, 0.0, 1.0 ); gl_FragColor = vec4( vec3( 0.0 ), near * near );",
    );
  };
  return material;
}

function blurMaterial() {
  return new ShaderMaterial({
    depthTest: false,
    depthWrite: false,
    uniforms: { source: { value: null }, stride: { value: new Vector2() } },
    vertexShader: "varying vec2 at; void main() { at = uv; gl_Position = vec4(position.xy, 0.0, 1.0); }",
    fragmentShader: `
      uniform sampler2D source;
      uniform vec2 stride;
      varying vec2 at;
      void main() {
        float sum = 0.0;
        float weights = 0.0;
        for (int tap = -6; tap <= 6; tap += 1) {
          float weight = exp(-0.08 * float(tap * tap));
          sum += weight * texture2D(source, at + float(tap) * stride).a;
          weights += weight;
        }
        gl_FragColor = vec4(vec3(0.0), sum / weights);
      }`,
  });
}
