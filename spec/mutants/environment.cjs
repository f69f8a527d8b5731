const { setTimeout: pause } = require('node:timers/promises');
const { TestEnvironment } = require('jest-environment-node');

// Floods, memory and random input take a second or more. With each mutant of a folder that would be hours.
const SLOW =
  /million|thousands|000\b|\d MB|1 GiB|heartbeat of 3 seconds late|megabyte|never throws|never a reason to throw|no matcher throws|nghttp2 writes|hold 64 bytes beside|are read until 64 KiB|of 100 streams grow|leaves? nothing behind|has the streams any more|however many streams|however the bytes are cut|is as small as before|is counted by its bytes|within 5 %|loses and turns round|beside a reader that has stopped|is refused once and drained|fills the budget: then|through a window that grows|goes the same way|as Node writes it|what Node takes|as it grows and shrinks|messages of one byte/;

// RxJS throws errors that nobody handles a millisecond later, when the last test may be over.
const AFTERMATH_MS = 5;

// One that comes later still must not end the process, which has other mutants to run.
process.on('uncaughtException', () => {});

/** Skips slow tests, and what follows the first failed one: one is enough to notice a mutant. */
module.exports = class FirstFailureEnvironment extends TestEnvironment {
  #hasFailed = false;
  #last;

  handleTestEvent = async ({ name, test }, state) => {
    if (name === 'test_fn_failure' || name === 'hook_failure') this.#hasFailed = true;
    if (name === 'test_start' && (this.#hasFailed || SLOW.test(test.name))) test.mode = 'skip';
    if (name === 'test_start' && test.mode !== 'skip') this.#last = test;
    if (name === 'run_finish') {
      await pause(AFTERMATH_MS);
      // An error between two tests is a failure of the test before it, not of the run.
      this.#last?.errors.push(...state.unhandledErrors.splice(0));
    }
  };
};
