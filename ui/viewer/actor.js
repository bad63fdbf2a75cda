// One body of one clip: its skinned mesh, its frames, where it stands and what of it is highlighted.

import {
  BufferAttribute,
  Color,
  GLTFLoader,
  Group,
  MeshStandardMaterial,
  Vector3,
} from "./vendor/three.min.js";

const SMOOTHING_SECONDS = 0.5;
const DEFAULT_FPS = 30;
const TINT = 0.75;
const STRIPE_PX = 7; // from one stripe to the next

export class Actor {
  // meta: what chatpose.page.viewer.load sends along with the clip. motion: its frames, where the GLB is only a mesh.
  constructor(gltf, meta, motion) {
    this.root = new Group();
    this.model = new Group();
    this.model.add(gltf.scene);
    this.root.add(this.model);
    this.pelvis = gltf.scene.getObjectByName("pelvis");
    this.unseen = meta.unseen ?? [];
    this.material = new MeshStandardMaterial({ roughness: 0.78, metalness: 0, vertexColors: true });
    if (this.unseen.length) hatch(this.material);
    this.meshes = [];
    gltf.scene.traverse((node) => node.isMesh && this.dress(node));
    this.color = new Color();
    this.accent = new Color();
    this.joints = [];
    this.ground = new Vector3();
    this.clips = 0;
    this.play(motion ? sentFrames(this.bones(), motion) : ownFrames(gltf), meta);
  }

  static async parse(bytes, meta, motion) {
    return new Actor(await new GLTFLoader().parseAsync(bytes, ""), meta, motion);
  }

  // Another clip on the same mesh.
  move(motion, meta) {
    this.joints = [];
    this.play(sentFrames(this.bones(), motion), meta);
  }

  play({ frames, apply }, meta) {
    this.meta = meta;
    this.frames = frames;
    this.applyKeys = apply;
    this.seconds = meta.stride / (meta.fps || DEFAULT_FPS);
    this.root.rotation.y = -meta.heading;
    this.path = this.smoothPath();
    this.clips += 1;
    this.setFrame(0);
  }

  bones() {
    return this.meshes[0].skeleton.bones;
  }

  dress(mesh) {
    mesh.material.dispose();
    mesh.material = this.material;
    mesh.castShadow = mesh.receiveShadow = true;
    mesh.frustumCulled = false; // bounds of a skinned mesh are those of its rest pose
    this.meshes.push(mesh);
    if (this.unseen.length) mesh.geometry.setAttribute("unseen", new BufferAttribute(skinShares(mesh, this.unseen), 1));
  }

  // Frames are set by their own keys, never interpolated between two.
  setFrame(frame) {
    this.frame = Math.max(0, Math.min(this.frames - 1, frame));
    this.applyKeys(this.frame);
    const [x, z] = this.path[this.frame];
    this.model.position.set(-x, -this.meta.floor, -z);
    this.ground.set(x, 0, z).applyAxisAngle(new Vector3(0, 1, 0), -this.meta.heading);
  }

  // Stands as it moves relative to `other`, from a common start.
  shareGround(other) {
    const [x, z] = this.path[0];
    const start = new Vector3(x, 0, z).applyAxisAngle(new Vector3(0, 1, 0), -this.meta.heading);
    const [ox, oz] = other.path[0];
    const otherStart = new Vector3(ox, 0, oz).applyAxisAngle(new Vector3(0, 1, 0), -other.meta.heading);
    const mine = this.ground.clone().sub(start);
    const others = other.ground.clone().sub(otherStart);
    this.root.position.copy(mine.sub(others));
  }

  // Names how it stands: the same name, the same picture.
  stance() {
    return [this.root.uuid, this.clips, this.frame, ...this.root.position.toArray()].join(":");
  }

  standAlone() {
    this.root.position.set(0, 0, 0);
  }

  // Where the camera's centre is in each frame: the pelvis on the floor, averaged over a second so that a step
  // doesn't shake the picture.
  smoothPath() {
    const raw = [];
    for (let frame = 0; frame < this.frames; frame += 1) {
      this.applyKeys(frame);
      raw.push([this.pelvis.position.x, this.pelvis.position.z]);
    }
    const reach = Math.round(SMOOTHING_SECONDS / this.seconds);
    return raw.map((_, frame) => {
      const room = Math.min(reach, frame, raw.length - 1 - frame);
      const window = raw.slice(frame - room, frame + room + 1);
      return [0, 1].map((axis) => window.reduce((sum, place) => sum + place[axis], 0) / window.length);
    });
  }

  paint(color, accent) {
    this.color.set(color);
    this.accent.set(accent);
    this.highlight(this.joints);
  }

  // Tints the skin of the named joints, softly at their borders.
  highlight(joints) {
    this.joints = joints;
    for (const mesh of this.meshes) {
      const shares = skinShares(mesh, joints);
      const colors = new Float32Array(shares.length * 3);
      const mixed = new Color();
      shares.forEach((share, vertex) => mixed.lerpColors(this.color, this.accent, TINT * share).toArray(colors, vertex * 3));
      mesh.geometry.setAttribute("color", new BufferAttribute(colors, 3));
    }
  }

  dispose() {
    this.root.removeFromParent();
    this.material.dispose();
    for (const mesh of this.meshes) {
      mesh.geometry.dispose();
      mesh.skeleton?.dispose();
    }
  }
}

// The frames of a GLB with an animation.
function ownFrames(gltf) {
  const tracks = (gltf.animations[0]?.tracks ?? []).map((track) => {
    const cut = track.name.lastIndexOf(".");
    const node = gltf.scene.getObjectByName(track.name.slice(0, cut));
    return { times: track.times, interpolant: track.createInterpolant(), target: node[track.name.slice(cut + 1)] };
  });
  const apply = (frame) => {
    for (const { times, interpolant, target } of tracks) {
      target.fromArray(interpolant.evaluate(times[Math.min(frame, times.length - 1)]));
    }
  };
  return { frames: tracks.reduce((most, { times }) => Math.max(most, times.length), 1), apply };
}

// Frames as chatpose.page.viewer.motion writes them: the pelvis's place, then a quaternion a joint.
function sentFrames(bones, numbers) {
  const size = 3 + 4 * bones.length;
  const apply = (frame) => {
    bones[0].position.fromArray(numbers, frame * size);
    bones.forEach((bone, joint) => bone.quaternion.fromArray(numbers, frame * size + 3 + 4 * joint));
  };
  return { frames: numbers.length / size, apply };
}

// How much of each vertex moves with the named joints, 0 to 1.
function skinShares(mesh, joints) {
  const wanted = (mesh.skeleton?.bones ?? []).map((bone) => joints.includes(bone.name));
  const shares = new Float32Array(mesh.geometry.attributes.position.count);
  if (joints.length) shares.forEach((_, vertex) => (shares[vertex] = skinShare(mesh.geometry, vertex, wanted)));
  return shares;
}

// What a photo doesn't show is drawn in pale stripes that let through what is behind.
function hatch(material) {
  material.onBeforeCompile = (shader) => {
    shader.vertexShader = shader.vertexShader
      .replace("#include <common>", "#include <common>\nattribute float unseen;\nvarying float vUnseen;")
      .replace("#include <begin_vertex>", "#include <begin_vertex>\nvUnseen = unseen;");
    shader.fragmentShader = shader.fragmentShader
      .replace("#include <common>", "#include <common>\nvarying float vUnseen;")
      .replace("#include <opaque_fragment>", `
        float stripe = abs(fract((gl_FragCoord.x + gl_FragCoord.y) / STRIPE) - 0.5) * 2.0;
        if (stripe < 0.55 * smoothstep(0.2, 0.8, vUnseen)) discard;
        outgoingLight = mix(outgoingLight, 0.8 * vColor.rgb, 0.65 * vUnseen);
        #include <opaque_fragment>`);
  };
  material.defines = { ...material.defines, STRIPE: (STRIPE_PX * Math.min(window.devicePixelRatio || 1, 2)).toFixed(1) };
}

function skinShare(geometry, vertex, wanted) {
  const { skinIndex, skinWeight } = geometry.attributes;
  let share = 0;
  for (let slot = 0; slot < 4; slot += 1) {
    if (wanted[skinIndex.getComponent(vertex, slot)]) share += skinWeight.getComponent(vertex, slot);
  }
  return share;
}
