/**
 * The limits of the service, written again for whoever knows them all: when an arrival is taken,
 * and that it was. Times are those of the caller's clock, `offset` is how far the service's is
 * ahead.
 */
const MINUTE = 60_000;

/** Minutes of the service's clock. */
class Fixed {
  #minute = -1;
  #used = 0;

  constructor(limit, offset) {
    this.limit = limit;
    this.offset = offset;
  }

  earliest(time, amount) {
    const minute = this.#of(time);
    const isFull = minute === this.#minute && this.#used + amount > this.limit;
    return isFull ? (minute + 1) * MINUTE - this.offset : time;
  }

  take(time, amount) {
    const minute = this.#of(time);
    if (minute !== this.#minute) this.#used = 0;
    this.#minute = minute;
    this.#used += amount;
  }

  #of(time) {
    return Math.floor((time + this.offset) / MINUTE);
  }
}

/** The last so many milliseconds at any moment. */
class Sliding {
  #log = [];

  constructor(limit, span = MINUTE) {
    this.limit = limit;
    this.span = span;
  }

  earliest(time, amount) {
    const since = this.#log.filter(([at]) => at + this.span > time);
    let used = since.reduce((sum, [, gone]) => sum + gone, 0);
    for (const [at, gone] of since) {
      if (used + amount <= this.limit) break;
      used -= gone;
      time = at + this.span;
    }
    return time;
  }

  take(time, amount) {
    this.#log = this.#log.filter(([at]) => at + this.span > time);
    this.#log.push([time, amount]);
  }
}

/** A bucket that holds a minute's worth and starts full; counted in whole 60,000ths. */
class Bucket {
  #level;
  #at;

  constructor(limit) {
    this.limit = limit;
    this.#level = limit * MINUTE;
  }

  earliest(time, amount) {
    const lacking = amount * MINUTE - this.#levelAt(time);
    return lacking <= 0 ? time : time + Math.ceil(lacking / this.limit);
  }

  take(time, amount) {
    this.#level = this.#levelAt(time) - amount * MINUTE;
    this.#at = time;
  }

  #levelAt(time) {
    const passed = time - (this.#at ?? time);
    return Math.min(this.limit * MINUTE, this.#level + passed * this.limit);
  }
}

/** A day, and the one after it. */
class Day {
  #used = 0;
  #usedAfter = 0;

  constructor(limit, end) {
    this.limit = limit;
    this.end = end;
  }

  earliest(time, amount) {
    if (time >= this.end) {
      return this.#usedAfter + amount <= this.limit ? time : Number.POSITIVE_INFINITY;
    }
    return this.#used + amount <= this.limit ? time : this.end;
  }

  take(time, amount) {
    if (time < this.end) this.#used += amount;
    else this.#usedAfter += amount;
  }
}

/** A time in which nothing is answered. */
class Outage {
  constructor(from, to) {
    this.from = from;
    this.to = to;
  }

  earliest(time) {
    return time >= this.from && time < this.to ? this.to : time;
  }

  take() {}
}

/**
 * Amounts that could be split as one likes: with prompts of many sizes that comes close to the best
 * packing, and no packing can be better.
 */
class Fluid {
  #used = 0;

  constructor(limit, discipline, offset) {
    this.limit = limit;
    this.discipline = discipline;
    this.offset = offset;
  }

  earliest(time, amount) {
    this.start ??= time;
    const used = this.#used + amount;
    if (this.discipline === 'bucket') {
      const lacking = used - this.limit;
      return Math.max(time, this.start + (lacking * MINUTE) / this.limit);
    }
    const full = Math.ceil(used / this.limit) - 1;
    if (full === 0) return time;
    if (this.discipline === 'sliding') return Math.max(time, this.start + full * MINUTE);
    const first = Math.floor((this.start + this.offset) / MINUTE);
    return Math.max(time, (first + full) * MINUTE - this.offset);
  }

  take(_, amount) {
    this.#used += amount;
  }
}

const PER_MINUTE = {
  fixed: (limit, offset) => new Fixed(limit, offset),
  sliding: (limit) => new Sliding(limit),
  bucket: (limit) => new Bucket(limit),
};

/** All limits at once; `cost` is one arrival's `{ tokens, price }`. */
export class Windows {
  #each = [];

  /** `midnight` by the service's clock; `outage` in the caller's time. */
  constructor({ rpm, tpm, rpd, spend, outage }, { discipline, offset, midnight, isFluid }) {
    const add = (window, amount) => this.#each.push({ window, amount });
    const perMinute = PER_MINUTE[discipline];
    if (rpm !== undefined) add(perMinute(rpm, offset), () => 1);
    if (tpm !== undefined) {
      const fluid = () => new Fluid(tpm, discipline, offset);
      add(isFluid ? fluid() : perMinute(tpm, offset), ({ tokens }) => tokens);
    }
    if (rpd !== undefined) add(new Day(rpd, midnight - offset), () => 1);
    if (spend !== undefined) add(new Sliding(spend, 10 * MINUTE), ({ price }) => price);
    if (outage !== undefined) add(new Outage(...outage), () => 0);
  }

  /** Takes an arrival as soon as all of them do, from `time` on; gives when. */
  place(time, cost) {
    for (let before; before !== time; ) {
      before = time;
      for (const { window, amount } of this.#each) time = window.earliest(time, amount(cost));
    }
    for (const { window, amount } of this.#each) window.take(time, amount(cost));
    return time;
  }
}
