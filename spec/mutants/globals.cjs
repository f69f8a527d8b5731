const circus = require('jest-circus');
const { jestExpect } = require('@jest/expect');
const { ModuleMocker } = require('jest-mock');

const mocker = new ModuleMocker(globalThis);

/** What specs take from `@jest/globals`, without the rest of Jest. */
module.exports = {
  ...circus,
  expect: jestExpect,
  jest: {
    fn: mocker.fn.bind(mocker),
    spyOn: mocker.spyOn.bind(mocker),
    restoreAllMocks: () => mocker.restoreAllMocks(),
  },
};
