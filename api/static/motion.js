// Values that move: from sample to sample without a jump, so that ten samples a second look like motion.

const SHORTEST_MS = 60;
const LONGEST_MS = 400;

/** Numbers by name; `set` gives each its next value, `at` its value now. `onFrame` runs while something moves. */
export class Motion {
  constructor(onFrame) {
    this.onFrame = onFrame;
    this.tracks = new Map();
    this.request = null;
    this.still = matchMedia("(prefers-reduced-motion: reduce)");
  }

  /** The next sample; null says that the value is not known. */
  set(name, value) {
    const now = performance.now();
    const track = this.tracks.get(name);
    if (value === null || value === undefined) return;
    if (!track || this.still.matches || document.hidden) {
      this.tracks.set(name, { from: value, to: value, since: now, lasts: 1, sampled: now });
    } else if (track.to !== value) {
      const lasts = Math.min(LONGEST_MS, Math.max(SHORTEST_MS, (now - track.sampled) * 1.1));
      Object.assign(track, { from: this.at(name, now), to: value, since: now, lasts, sampled: now });
    } else {
      track.sampled = now;
    }
    this.wake();
  }

  at(name, now = performance.now()) {
    const track = this.tracks.get(name);
    if (!track) return null;
    const part = Math.min(1, (now - track.since) / track.lasts);
    return track.from + (track.to - track.from) * part;
  }

  wake() {
    this.request ??= requestAnimationFrame((now) => this.#frame(now));
  }

  #frame(now) {
    this.request = null;
    this.onFrame(now);
    for (const track of this.tracks.values()) {
      if (track.from !== track.to && now - track.since < track.lasts) return this.wake();
    }
    return undefined;
  }
}
