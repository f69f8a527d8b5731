import { createRequire } from 'node:module';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { basename, resolve } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { declareFactoryPlugin, PluginKind } from '@stryker-mutator/api/plugin';
import {
  determineHitLimitReached,
  DryRunStatus,
  TestStatus,
  toMutantRunResult,
} from '@stryker-mutator/api/test-runner';

// Stryker's runner of Jest sets Jest up and loads all specs anew for every mutant, which takes two seconds and more.
// This one loads them once, and calls for each mutant the tests that reach it: Stryker's switch is read as the code runs.

const require = createRequire(import.meta.url);
const { addEventHandler, getState, run } = require('jest-circus');

// Specs take milliseconds, all but a few of them; one that hangs has noticed the mutant.
const TEST_TIMEOUT_MS = 4000;
const DRY_RUN_TEST_TIMEOUT_MS = 60_000;
// RxJS throws errors that nobody handles a millisecond later, when the last test may be over.
const AFTERMATH_MS = 5;
// Of the processor's time, which does not depend on what else the machine does.
// Tests that take longer are not run for mutants, and a mutant that none has noticed within the budget counts as not noticed.
const SLOW_MS = 50;
const BUDGET_MS = 2000;
// What was slow before is not run again to find the same; in temp/mutants, beside the sandboxes.
const SLOW_FILE = resolve('../../slow.json');

const cpuMs = () => process.cpuUsage().user / 1000;

const context = (globalThis.__stryker__ ??= {});

/** What a mutant leaves behind must not disturb the next one. */
class Leftovers {
  #timers = [];
  #handles = new Set();

  /** Watches the timers of code that is loaded from now on. */
  constructor() {
    for (const name of ['setTimeout', 'setInterval', 'setImmediate']) {
      const original = globalThis[name];
      globalThis[name] = Object.assign((...args) => {
        const timer = original(...args);
        this.#timers.push(timer);
        return timer;
      }, original);
    }
  }

  begin() {
    this.#handles = new Set(process._getActiveHandles());
  }

  end() {
    for (const timer of this.#timers.splice(0)) {
      clearTimeout(timer);
      clearImmediate(timer);
    }
    for (const handle of process._getActiveHandles()) {
      if (this.#handles.has(handle)) continue;
      handle.on?.('error', () => {});
      if (handle.destroy) handle.destroy();
      else handle.close?.();
    }
  }
}

const testsOf = (block) => block.children.flatMap((child) => (child.type === 'test' ? [child] : testsOf(child)));

/** Full names of tests, each told from others of the same name by a number. */
function testsById(root) {
  const tests = new Map();
  const visit = (block, path) => {
    for (const child of block.children) {
      const name = `${path} ${child.name}`.trim();
      if (child.type === 'describeBlock') visit(child, name);
      else
        for (let n = 1; ; n++) {
          const id = n === 1 ? name : `${name} (${n})`;
          if (tests.has(id)) continue;
          tests.set(id, child);
          break;
        }
    }
  };
  visit(root, '');
  return tests;
}

/** The blocks and tests that lead to `wanted`, as new as before their first run. */
function pruned(block, wanted) {
  const children = block.children.flatMap((child) => {
    if (child.type === 'test')
      return wanted.has(child) ? [{ ...child, original: child, errors: [], status: null }] : [];
    const inner = pruned(child, wanted);
    return inner.children.length === 0 ? [] : [inner];
  });
  return { ...block, children };
}

class CircusRunner {
  #leftovers = new Leftovers();
  #root;
  #tests;
  #ids;
  #stopsAtFailure = false;
  #deadline = 0;
  #last;
  #failed;
  #results;

  capabilities() {
    return { reloadEnvironment: false };
  }

  init() {
    addEventHandler((event) => this.#listen(event));
    process.on('uncaughtException', (error) => this.#last?.errors.push(error));
    process.on('unhandledRejection', (error) => this.#last?.errors.push(error));
    // Each file keeps it from its first line on.
    context.mutantCoverage = { static: {}, perTest: {} };
    require(resolve('temp/mutants/bundle/specs.cjs'));
    const state = getState();
    state.testTimeout = TEST_TIMEOUT_MS;
    this.#root = state.rootDescribeBlock;
    this.#tests = testsById(this.#root);
    this.#ids = new Map([...this.#tests].map(([id, test]) => [test, id]));
  }

  #listen({ name, test }) {
    if (name === 'test_start') {
      if (this.#stopsAtFailure && (this.#failed !== undefined || cpuMs() > this.#deadline)) test.mode = 'skip';
      else this.#last = test;
      test.startedMs = cpuMs();
      context.currentTestId = this.#ids.get(test.original);
    }
    if (name === 'test_done' || name === 'test_skip') {
      test.cpuMs = cpuMs() - test.startedMs;
      this.#results.push(test);
      if (test.errors.length > 0) this.#failed ??= test;
    }
  }

  async #run(wanted, stopsAtFailure) {
    this.#stopsAtFailure = stopsAtFailure;
    this.#deadline = cpuMs() + BUDGET_MS;
    this.#failed = undefined;
    this.#last = undefined;
    this.#results = [];
    this.#leftovers.begin();
    const state = getState();
    state.rootDescribeBlock = pruned(this.#root, wanted);
    state.unhandledErrors = [];
    await run();
    await pause(AFTERMATH_MS);
    context.activeMutant = undefined;
    context.currentTestId = undefined;
    this.#leftovers.end();
    return this.#results.map((test) => this.#result(test));
  }

  #result(test) {
    const id = this.#ids.get(test.original);
    const common = { id, name: id, timeSpentMs: test.cpuMs };
    if (test.status === 'skip') return { ...common, status: TestStatus.Skipped };
    if (test.errors.length === 0) return { ...common, status: TestStatus.Success };
    const [error] = test.errors.flat();
    return { ...common, status: TestStatus.Failed, failureMessage: String(error?.stack ?? error) };
  }

  async dryRun() {
    const known = existsSync(SLOW_FILE) ? JSON.parse(readFileSync(SLOW_FILE)) : [];
    const wanted = new Map(this.#tests);
    for (const id of known) wanted.delete(id);
    getState().testTimeout = DRY_RUN_TEST_TIMEOUT_MS;
    const tests = await this.#run(new Set(wanted.values()), false);
    getState().testTimeout = TEST_TIMEOUT_MS;
    const slow = tests.filter(({ timeSpentMs }) => timeSpentMs > SLOW_MS).map(({ id }) => id);
    for (const id of slow) delete context.mutantCoverage.perTest[id];
    writeFileSync(SLOW_FILE, JSON.stringify([...known, ...slow]));
    return { status: DryRunStatus.Complete, tests, mutantCoverage: context.mutantCoverage };
  }

  async mutantRun({ activeMutant, testFilter, hitLimit, disableBail }) {
    const wanted = new Set((testFilter ?? [...this.#tests.keys()]).map((id) => this.#tests.get(id)));
    this.#putFirst(({ name }) => name.includes(`/${basename(activeMutant.fileName, '.ts')}.`));
    context.activeMutant = activeMutant.id;
    context.hitLimit = hitLimit;
    context.hitCount = hitLimit === undefined ? undefined : 0;
    const tests = await this.#run(wanted, !disableBail);
    const timeout = determineHitLimitReached(context.hitCount, hitLimit);
    context.hitCount = undefined;
    if (timeout === undefined && this.#failed !== undefined) await this.#confirm(this.#failed.original);
    return toMutantRunResult(timeout ?? { status: DryRunStatus.Complete, tests });
  }

  /** A test that fails without the mutant too fails by what an earlier one left: a new process tries again. */
  async #confirm(test) {
    await this.#run(new Set([test]), false);
    if (this.#failed !== undefined) process.exit(1);
    // The specs that notice one mutant often notice the next.
    this.#putFirst((file) => testsOf(file).includes(test));
  }

  #putFirst(isFirst) {
    const files = this.#root.children;
    this.#root.children = [...files.filter(isFirst), ...files.filter((file) => !isFirst(file))];
  }
}

export const strykerPlugins = [declareFactoryPlugin(PluginKind.TestRunner, 'circus', () => new CircusRunner())];
