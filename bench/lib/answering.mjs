import { createInterface } from 'node:readline';

const cpu = () => {
  const { user, system } = process.cpuUsage();
  return { cpuMicros: user + system };
};

/**
 * The other end of a `Child`: says that this process is ready, answers questions until the parent leaves. `answers` has a
 * function for each question; `cpu`, the processor time used so far, is always known.
 */
export function answering(ready, answers = {}) {
  const all = { cpu, ...answers };
  const tell = (answer) => process.stdout.write(`${JSON.stringify(answer)}\n`);
  createInterface({ input: process.stdin })
    .on('line', async (line) => {
      const [question, ...args] = line.split(' ');
      tell(await all[question](...args));
    })
    .on('close', () => process.exit());
  tell(ready);
}
