import { tools } from '../lib/machine.mjs';
import { measureBundles } from './bundles.mjs';
import { measureImports } from './imports.mjs';
import { measureMessages } from './messages.mjs';

export * as views from './views.mjs';

/** What there is to pay without a network, by work. */
export const works = {
  messages: {
    title: 'A message and its echo through two sessions in one process',
    view: 'figures',
    measure: ({ quick, progress }) =>
      measureMessages({ rounds: quick ? 1 : 5, times: quick ? 2000 : 200_000, progress }),
  },
  import: {
    title: 'Import, in a process of its own',
    view: 'figures',
    measure: ({ quick, progress }) => measureImports({ rounds: quick ? 1 : 15, progress }),
  },
  bundle: {
    title: 'Bundle for a browser, minified and compressed',
    view: 'figures',
    measure: () => measureBundles(),
  },
};

export const software = [
  ...(tools.libp2p === undefined ? [] : [`libp2p-yamux ${tools.libp2p}`]),
  ...(tools.multiplex === undefined ? [] : [`multiplex ${tools.multiplex}`]),
];

export const leftOut = [
  ...(tools.libp2p === undefined ? ['@chainsafe/libp2p-yamux'] : []),
  ...(tools.multiplex === undefined ? ['multiplex'] : []),
];
