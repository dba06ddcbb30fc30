/** Virtual time: it stands still while anything can run, and jumps from timer to timer. */
import { fakeTimers } from './packages.mjs';

const { setImmediate } = globalThis;
/** Node reads a response in turns of the real loop; with micro-tasks faked it would not at all. */
const FAKED = ['setTimeout', 'clearTimeout', 'setInterval', 'clearInterval', 'Date', 'performance'];
/** Turns in which everybody reacts to a timer, and to an answer that has to be read. */
const TURNS = { timer: 2, answer: 12 };

const turn = () => new Promise((resolve) => setImmediate(resolve));

export class Time {
  #clock;
  #answered = false;

  /** Replaces the clocks and timers of this process. */
  static async install(now) {
    const time = new Time();
    time.#clock = (await fakeTimers()).install({ now, toFake: FAKED });
    return time;
  }

  uninstall() {
    this.#clock.uninstall();
  }

  /** An answer is there: somebody will read it. */
  answered() {
    this.#answered = true;
  }

  /** Runs until `ended` says so; gives false where nothing is due any more or it is too late. */
  async run(ended, latest) {
    for (;;) {
      await this.#settle();
      if (ended()) return true;
      if (this.#clock.countTimers() === 0 || this.#clock.now > latest) return false;
      this.#clock.next();
    }
  }

  async #settle() {
    for (let left = TURNS.timer; left > 0; left -= 1) {
      if (this.#answered) left = TURNS.answer;
      this.#answered = false;
      await turn();
    }
  }
}
